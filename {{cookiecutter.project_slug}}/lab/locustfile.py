"""The users. `uv run lab` takes them from here, and so does Locust by itself.

    uv run python -m app     # in one terminal
    uv run locust            # in another; then open http://127.0.0.1:8089

That page has a form for the handler and its wait, and draws the answers. Ten users join each
second until there are 1000; after two minutes it is over. Only this machine is ever asked.
"""

import os
import random
import sys
import time
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from locust import FastHttpUser, LoadTestShape, events, task

from lab.plan import HANDLERS

MOST_USERS, USERS_PER_SECOND, MOST_SECONDS = 1000, 10, 120


class Asker(FastHttpUser):
    """A user that asks, waits for the answer, and asks again: one request under way per user."""

    def on_start(self) -> None:
        """Begin at a random moment: in step, the users would come as a crowd each time.

        Locust has changed `time.sleep`: it gives way to the other users.
        """
        options = self.environment.parsed_options
        self.path = f"/v1/concurrency/{options.handler}?wait_ms={options.wait_ms}"
        self.headers = {"X-API-Key": os.environ.get("API_KEY", "")}
        time.sleep(random.random() * options.wait_ms / 1000)  # noqa: S311 - no secret

    @task
    def ask(self) -> None:
        """Send one request."""
        self.client.get(self.path, name=self.path, headers=self.headers)


class Ramp(LoadTestShape):
    """Ten more users each second, up to a thousand; no more can be asked for, and no longer."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be by now, and the rate; None ends the test."""
        seconds = self.get_run_time()
        if seconds > MOST_SECONDS:
            return None
        return min(MOST_USERS, int(seconds + 1) * USERS_PER_SECOND), USERS_PER_SECOND


def is_this_machine(url: str | None) -> bool:
    """Tell whether an address belongs to this machine."""
    name = urlsplit(url or "").hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


@events.init_command_line_parser.add_listener
def add_options(parser: Any) -> None:  # noqa: ANN401 - Locust's parser has no public type
    """Add two options, on the command line and in the form on Locust's page."""
    parser.add_argument("--handler", choices=HANDLERS, default="await", help="Which route to ask")
    parser.add_argument("--wait-ms", type=int, default=300, help="How long it waits: 0 to 1000")


@events.test_start.add_listener
def refuse_other_machines(environment: Any, **_: object) -> None:  # noqa: ANN401
    """End Locust before the first request if it is pointed at another machine."""
    if not is_this_machine(environment.host):
        sys.exit(
            f"{environment.host} is not this machine. A load test of someone else's is an attack, "
            "so this one only asks 127.0.0.1, ::1 and localhost. "
            "Next: uv run locust --host http://127.0.0.1:8000"
        )

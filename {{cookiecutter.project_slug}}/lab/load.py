"""The load of one run, in a process of its own: `python -m lab.load '{…}'`.

Locust changes the standard library when it is imported: threads and `sleep` become gevent's. So it
is kept apart. Every quarter of a second it prints a line of JSON: how many users there were, and
which answers came.
"""

import json
import logging
import sys
import time
from argparse import Namespace
from collections.abc import Iterator

from locust.env import Environment
from locust.runners import LocalRunner

from lab.locustfile import Asker, refuse_other_machines

TICK_SECONDS = 0.25


class Notes:
    """The answers and failures since the last line."""

    def __init__(self) -> None:
        self.start = time.time()
        self.answers: list[tuple[float, float]] = []  # when, and after how many milliseconds
        self.failures: list[str] = []

    def now(self) -> float:
        """Return the seconds since the start."""
        return time.time() - self.start

    def note(self, response_time: float, exception: object, **_: object) -> None:
        """Record a finished request; Locust calls this for each one."""
        if exception:
            self.failures.append(str(exception))
        else:
            self.answers.append((round(self.now(), 4), round(response_time, 2)))

    def line(self, users: int) -> dict[str, object]:
        """Return the next line's content, and forget it."""
        said: dict[str, object] = {
            "start": self.start,
            "at": round(self.now(), 3),
            "users": users,
            "answers": self.answers,
            "failures": len(self.failures),
            "failure": self.failures[0] if self.failures else "",
        }
        self.answers, self.failures = [], []
        return said


def climb(runner: LocalRunner, notes: Notes, steps: list[int], seconds: float) -> Iterator[str]:
    """Bring in users step by step, and yield the lines."""
    for number, users in enumerate(steps, 1):
        runner.start(users, spawn_rate=users)
        while notes.now() < number * seconds:
            time.sleep(min(TICK_SECONDS, max(0, number * seconds - notes.now())))
            yield json.dumps(notes.line(users))


def main() -> None:
    """Run the load that the JSON on the command line describes."""
    order = json.loads(sys.argv[1])
    logging.disable(logging.WARNING)  # Locust's advice to people who tune it by hand
    options = Namespace(handler=order["handler"], wait_ms=order["wait_ms"])
    environment = Environment(user_classes=[Asker], host=order["host"], parsed_options=options)
    refuse_other_machines(environment)
    notes = Notes()
    environment.events.request.add_listener(notes.note)
    runner = environment.create_local_runner()
    for line in climb(runner, notes, order["steps"], order["seconds"]):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    runner.quit()


if __name__ == "__main__":
    main()

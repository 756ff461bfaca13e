"""Another client, which asks another route of the app while the users ask theirs."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

PATH = "/v1/concurrency/threads"
PAUSE_SECONDS = 0.1


class Bystander(threading.Thread):
    """A client that asks ten times a second, as long as answers come, and times each answer.

    It does not run in the load's process, which is busy and would count its own delays.
    """

    def __init__(self, host: str, key: str) -> None:
        super().__init__(daemon=True)
        self.request = urllib.request.Request(  # noqa: S310 - the host is 127.0.0.1
            f"{host}{PATH}", headers={"X-API-Key": key}
        )
        self.since: float | None = None  # since when it has waited for an answer
        self.answers: list[tuple[float, float, int]] = []  # when it asked, ms it took, threads
        self.over = False

    @property
    def open_ms(self) -> float:
        """How long the client has waited for the answer that is still missing, if any."""
        return (time.time() - self.since) * 1000 if self.since is not None else 0.0

    def run(self) -> None:
        """Keep asking until the run is over or the server is gone."""
        while not self.over:
            self.since = asked = time.time()
            try:
                with urllib.request.urlopen(self.request) as answer:  # noqa: S310
                    borrowed = json.load(answer).get("borrowed", 0)
            except (OSError, HTTPException, ValueError):  # even in the middle of an answer
                return
            self.answers.append((asked, (time.time() - asked) * 1000, borrowed))
            self.since = None
            time.sleep(PAUSE_SECONDS)


@contextmanager
def bystander(host: str, key: str) -> Iterator[Bystander]:
    """Run this client until the block ends; an answer still missing then counts as open."""
    client = Bystander(host, key)
    client.start()
    try:
        yield client
    finally:
        client.over = True

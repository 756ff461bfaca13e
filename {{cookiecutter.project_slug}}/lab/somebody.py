"""Somebody else, who asks another route of the app while the users ask theirs."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

PATH = "/v1/concurrency/threads"
PAUSE_SECONDS = 0.1


class Somebody(threading.Thread):
    """Asks ten times a second, while answers come; notes how long each one took.

    Not in the process of the load: that one is busy, and would count its own delays.
    """

    def __init__(self, host: str, key: str) -> None:
        super().__init__(daemon=True)
        self.request = urllib.request.Request(  # noqa: S310 - the host is 127.0.0.1
            f"{host}{PATH}", headers={"X-API-Key": key}
        )
        self.since: float | None = None  # since when an answer is waited for
        self.answers: list[tuple[float, float, int]] = []  # asked when, took how many ms, threads
        self.over = False

    @property
    def open_ms(self) -> float:
        """How long the answer is overdue that is waited for just now."""
        return (time.time() - self.since) * 1000 if self.since is not None else 0.0

    def run(self) -> None:
        """Ask and ask again, until it is over or the server is gone."""
        while not self.over:
            self.since = asked = time.time()
            try:
                with urllib.request.urlopen(self.request) as answer:  # noqa: S310
                    borrowed = json.load(answer).get("borrowed", 0)
            except (OSError, HTTPException, ValueError):  # in the middle of an answer, too
                return
            self.answers.append((asked, (time.time() - asked) * 1000, borrowed))
            self.since = None
            time.sleep(PAUSE_SECONDS)


@contextmanager
def somebody_else(host: str, key: str) -> Iterator[Somebody]:
    """Somebody asks, until the block is left; then what is still waited for has stayed open."""
    somebody = Somebody(host, key)
    somebody.start()
    try:
        yield somebody
    finally:
        somebody.over = True

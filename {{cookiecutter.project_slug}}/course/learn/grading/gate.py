"""The gate: an inference is held, so that no stopwatch is needed to see who waits for it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from learn.grading.report import Json

PATIENCE_SECONDS = 10


class Gate:
    """The folder in which a probe model and a grader meet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.was_held = False
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let no inference return while this lasts."""
        file = self.folder / "hold"
        file.touch()
        self.was_held = True
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    def events(self, name: str | None = None) -> list[dict[str, Json]]:
        """Return what the model recorded: `load`, `predict`, `predicted`, `close`."""
        path = self.folder / "events.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines]
        return [event for event in found if name is None or event["event"] == name]

    def wait_for(self, name: str, count: int = 1, seconds: float = PATIENCE_SECONDS) -> bool:
        """Return True once there are this many of these events; False if that does not happen."""
        return wait_until(lambda: len(self.events(name)) >= count, seconds)


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Return True as soon as the condition is met; False if that does not happen in time.

    The time measures nothing: it is long, and a right answer never waits until it is over.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True

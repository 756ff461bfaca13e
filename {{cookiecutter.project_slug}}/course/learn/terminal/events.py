"""Events: what can happen while a command waits for keys and saved files."""

import queue
from dataclasses import dataclass
from pathlib import Path

LOOK_UP_SECONDS = 0.5  # Windows notices Ctrl-C only between two waits


@dataclass
class Saved:
    """Files were saved."""

    paths: set[Path]


@dataclass
class Pressed:
    """A key was pressed."""

    key: str


@dataclass
class WatcherBegun:
    """The file watcher has begun; it polls, or gets events."""

    polling: bool


@dataclass
class WatcherFailed:
    """The file watcher has failed."""

    error: Exception


Event = Saved | Pressed | WatcherBegun | WatcherFailed


class Events(queue.Queue[Event]):
    """The events that were not handled yet."""

    def wait(self) -> Event:
        """Wait for the next event, and return it."""
        while True:
            try:
                return self.get(timeout=LOOK_UP_SECONDS)
            except queue.Empty:
                continue

    def take_saved(self) -> set[Path]:
        """Take out the files that were saved meanwhile; other events stay."""
        waiting = []
        while not self.empty():
            waiting.append(self.get())
        for event in waiting:
            if not isinstance(event, Saved):
                self.put(event)
        return {path for event in waiting if isinstance(event, Saved) for path in event.paths}

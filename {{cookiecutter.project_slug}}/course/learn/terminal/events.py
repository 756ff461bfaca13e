"""What can happen during a watch."""

import queue
from dataclasses import dataclass
from pathlib import Path

LOOK_UP_SECONDS = 0.5  # Windows hears Ctrl-C only between two waits


@dataclass
class Saved:
    """Files were saved."""

    paths: set[Path]


@dataclass
class Pressed:
    """A key was pressed."""

    key: str


@dataclass
class Begun:
    """Saves are told of from now on."""

    polling: bool


@dataclass
class Failed:
    """Saves cannot be told of."""

    error: Exception


Event = Saved | Pressed | Begun | Failed


class Events(queue.Queue[Event]):
    """What has happened and was not dealt with yet."""

    def wait(self) -> Event:
        """The next thing that happens."""
        while True:
            try:
                return self.get(timeout=LOOK_UP_SECONDS)
            except queue.Empty:
                continue

    def take_saved(self) -> set[Path]:
        """The files that were saved meanwhile; what else has happened stays."""
        waiting = []
        while not self.empty():
            waiting.append(self.get())
        for event in waiting:
            if not isinstance(event, Saved):
                self.put(event)
        return {path for event in waiting if isinstance(event, Saved) for path in event.paths}

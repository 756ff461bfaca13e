"""What can happen during a watch."""

from dataclasses import dataclass
from pathlib import Path


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

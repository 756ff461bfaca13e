"""The progress file: `.learn/progress.json`.

A process that writes it first reads it, and holds a lock meanwhile, so that no process loses what
another has written. A file that cannot be read is moved aside.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from learn.chapters.files import write
from learn.progress.lock import lock
from learn.progress.record import Progress, parse_progress


class ProgressFile:
    """The file in which progress is kept."""

    def __init__(self, folder: Path, on_damage: Callable[[Path], None] = lambda _: None) -> None:
        self.folder = folder
        self.path = folder / "progress.json"
        self.on_damage = on_damage  # called with the new path of a damaged file

    def read(self) -> Progress:
        """Return the progress so far."""
        with lock(self.folder / "lock"):
            return self._read()

    @contextmanager
    def change(self) -> Iterator[Progress]:
        """Yield the progress for changing, and write it at the end."""
        with lock(self.folder / "lock"):
            progress = self._read()
            yield progress
            text = json.dumps(progress.as_json(), indent=1, ensure_ascii=False)
            write(self.path, text + "\n")

    def _read(self) -> Progress:
        try:
            return parse_progress(json.loads(self.path.read_text("utf-8")))
        except FileNotFoundError:
            return Progress()
        except (ValueError, RecursionError):  # not UTF-8, not JSON, or not what it should be
            self._move_aside()
            return Progress()

    def _move_aside(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"progress-damaged-{stamp}.json")
        self.path.replace(aside)
        self.on_damage(aside)

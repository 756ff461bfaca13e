"""How far a learner has come: `.learn/progress.json`.

    {"version": 1, "current": "06", "chapters": {"06": {"attempts": 3, "hints": [1], ...}}}

A chapter stands under its two digits, which do not change when the course does. What this version
does not know, it keeps. Whoever writes, reads right before it and holds a lock, so that two
processes lose nothing of each other's; a file that cannot be read is moved aside.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from learn.handout import write

VERSION = 1

Data = dict[str, Any]


def now() -> str:
    """The time, as it is written down."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Progress:
    """What is known of a learner."""

    def __init__(self, data: Data | None = None) -> None:
        self.data: Data = data or {"version": VERSION, "chapters": {}}

    @property
    def current(self) -> str | None:
        """The chapter that was chosen by `next` or `jump`."""
        return self.data.get("current")

    @current.setter
    def current(self, chapter: str) -> None:
        """Choose a chapter."""
        self.data["current"] = chapter

    def of(self, chapter: str) -> Data:
        """What is known of a chapter; to be read."""
        return dict(self.data["chapters"].get(chapter, {}))

    def _record(self, chapter: str) -> Data:
        record: Data = self.data["chapters"].setdefault(chapter, {})
        return record

    def is_passed(self, chapter: str) -> bool:
        """Every check said yes, once."""
        return "passed" in self.of(chapter)

    def is_done(self, chapter: str) -> bool:
        """Passed, or jumped over."""
        return self.is_passed(chapter) or "jumped" in self.of(chapter)

    def attempts(self, chapter: str) -> int:
        """How often it was graded."""
        return int(self.of(chapter).get("attempts", 0))

    def hints(self, chapter: str) -> list[int]:
        """The levels of the hints that were taken."""
        return list(self.of(chapter).get("hints", []))

    def predictions(self, chapter: str) -> dict[str, str]:
        """What was chosen, by question."""
        return dict(self.of(chapter).get("predictions", {}))

    def note_attempt(self, chapter: str, failures: list[str]) -> None:
        """It was graded, and these checks said no."""
        record = self._record(chapter)
        record["attempts"] = self.attempts(chapter) + 1
        counts = record.setdefault("failures", {})
        for check in failures:
            counts[check] = counts.get(check, 0) + 1

    def note_pass(self, chapter: str, seed: int) -> None:
        """It passed; the first time counts."""
        self._record(chapter).setdefault("passed", {"at": now(), "seed": seed})

    def note_hint(self, chapter: str, level: int) -> None:
        """A hint was taken."""
        self._record(chapter)["hints"] = sorted({*self.hints(chapter), level})

    def note_prediction(self, chapter: str, question: str, choice: str) -> None:
        """A question was answered."""
        self._record(chapter)["predictions"] = self.predictions(chapter) | {question: choice}

    def note(self, chapter: str, what: str) -> None:
        """It was `jumped`, or the learner `gave_up` on it; the first time counts."""
        self._record(chapter).setdefault(what, now())

    def forget(self, chapter: str, what: str) -> None:
        """It no longer is so."""
        self._record(chapter).pop(what, None)


class ProgressFile:
    """Where the progress is kept."""

    def __init__(self, folder: Path, told: Callable[[Path], None] = lambda _: None) -> None:
        self.folder = folder
        self.path = folder / "progress.json"
        self.told = told  # is told where a damaged file has gone

    def read(self) -> Progress:
        """What is known so far."""
        with locked(self.folder / "lock"):
            return self._read()

    @contextmanager
    def change(self) -> Iterator[Progress]:
        """What is known, to be changed; it is written at the end."""
        with locked(self.folder / "lock"):
            progress = self._read()
            yield progress
            write(self.path, json.dumps(progress.data, indent=1, ensure_ascii=False) + "\n")

    def _read(self) -> Progress:
        try:
            data = json.loads(self.path.read_text("utf-8"))
            if is_sound(data):
                return Progress(data)
        except FileNotFoundError:
            return Progress()
        except (ValueError, RecursionError):  # not JSON, or not UTF-8
            pass
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"progress-damaged-{stamp}.json")
        self.path.replace(aside)
        self.told(aside)
        return Progress()


def is_sound(data: object) -> bool:
    """Tell whether this can be worked with; it may have more than is known here."""
    if not isinstance(data, dict) or not isinstance(data.get("version"), int):
        return False
    chapters = data.get("chapters")
    current = isinstance(data.get("current", ""), str)
    return isinstance(chapters, dict) and current and all(map(is_sound_record, chapters.values()))


def is_sound_record(record: object) -> bool:
    """Tell whether what is read here of a chapter has the types that it should have."""
    types = {"attempts": int, "failures": dict, "hints": list, "predictions": dict}
    return isinstance(record, dict) and all(
        isinstance(record.get(name, type_()), type_) for name, type_ in types.items()
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """While this lasts, no other process is in here with the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        with suppress(
            OSError
        ):  # some network folders have no locks: better without than not at all
            take(file)
        yield  # closing the file lets the lock go


if sys.platform == "win32":
    import msvcrt

    def take(file: IO[bytes]) -> None:
        """Wait for the lock, ten seconds at most."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def take(file: IO[bytes]) -> None:
        """Wait for the lock."""
        fcntl.flock(file, fcntl.LOCK_EX)

"""What is recorded of a learner's progress, and how it is written as JSON.

    {"version": 1, "current": "06", "chapters": {"06": {"attempts": 3, "hints": [1], ...}}}

The key of a chapter is its two digits, which do not change when the course does. Members that this
version does not know are kept as they are.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from learn.grading.report import Json

VERSION = 1

Facts = dict[str, Json]

RECORD_TYPES = {"attempts": int, "failures": dict, "hints": list, "predictions": dict}


class Mark(StrEnum):
    """What can happen to a chapter besides attempts."""

    JUMPED = "jumped"  # it was solved for the learner
    GAVE_UP = "gave_up"  # the learner looked at the solution before passing
    SKIPPED = "skipped"


def timestamp() -> str:
    """Return the time as it is recorded."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass
class Record:
    """What is recorded of a chapter."""

    attempts: int = 0  # how often it was graded
    failures: dict[str, int] = field(default_factory=dict)  # check -> how often it failed
    hints: list[int] = field(default_factory=list)  # the levels that were shown
    predictions: dict[str, str] = field(default_factory=dict)  # question -> choice
    passed: Facts | None = None  # when it first passed, and with which seed
    marks: dict[Mark, str] = field(default_factory=dict)  # -> when it first happened
    others: Facts = field(default_factory=dict)  # what this version does not know

    @property
    def is_done(self) -> bool:
        """It has passed, or was solved for the learner."""
        return self.passed is not None or Mark.JUMPED in self.marks

    def as_json(self) -> Facts:
        """Return it as JSON, without empty members."""
        graded = self.attempts or self.failures
        attempts = {"attempts": self.attempts, "failures": self.failures} if graded else {}
        known = {"hints": self.hints, "predictions": self.predictions, "passed": self.passed}
        said = {name: value for name, value in known.items() if value not in ([], {}, None)}
        marks = {mark.value: time for mark, time in self.marks.items()}
        return {**self.others, **attempts, **said, **marks}


@dataclass
class Progress:
    """What is recorded of a learner."""

    version: int = VERSION
    current: str | None = None  # the chapter that was chosen by `next` or `jump`
    chapters: dict[str, Record] = field(default_factory=dict)
    others: Facts = field(default_factory=dict)  # what this version does not know

    def of(self, chapter: str) -> Record:
        """Return the record of a chapter, to be read; an empty one if there is none."""
        return self.chapters.get(chapter, Record())

    def _record(self, chapter: str) -> Record:
        return self.chapters.setdefault(chapter, Record())

    def is_passed(self, chapter: str) -> bool:
        """Tell whether every check has passed once."""
        return self.of(chapter).passed is not None

    def is_done(self, chapter: str) -> bool:
        """Tell whether it has passed or was solved for the learner."""
        return self.of(chapter).is_done

    def note_attempt(self, chapter: str, failures: list[str]) -> None:
        """Record a grading in which these checks failed."""
        record = self._record(chapter)
        record.attempts += 1
        for check in failures:
            record.failures[check] = record.failures.get(check, 0) + 1

    def note_pass(self, chapter: str, seed: int) -> None:
        """Record a pass; the first one counts."""
        record = self._record(chapter)
        record.passed = record.passed or {"at": timestamp(), "seed": seed}

    def note_hint(self, chapter: str, level: int) -> None:
        """Record that a hint was shown."""
        record = self._record(chapter)
        record.hints = sorted({*record.hints, level})

    def note_prediction(self, chapter: str, question: str, choice: str) -> None:
        """Record the answer to a question."""
        self._record(chapter).predictions[question] = choice

    def mark(self, chapter: str, mark: Mark) -> None:
        """Record that this happened; the first time counts."""
        self._record(chapter).marks.setdefault(mark, timestamp())

    def unmark(self, chapter: str, mark: Mark) -> None:
        """Remove a mark."""
        self._record(chapter).marks.pop(mark, None)

    def as_json(self) -> Facts:
        """Return it as JSON."""
        current = {"current": self.current} if self.current is not None else {}
        chapters = {id_: record.as_json() for id_, record in self.chapters.items()}
        return {"version": self.version, **self.others, **current, "chapters": chapters}


def parse_progress(facts: Json) -> Progress:
    """Return the progress that JSON describes, or raise ValueError."""
    if not isinstance(facts, dict) or not isinstance(facts.get("version"), int):
        raise ValueError("no progress file")
    chapters, current = facts.get("chapters"), facts.get("current")
    if not isinstance(chapters, dict) or not isinstance(current, str | None):
        raise ValueError("not the members of a progress file")
    return Progress(
        version=facts["version"],
        current=current,
        chapters={id_: parse_record(record) for id_, record in chapters.items()},
        others=other_members(facts, {"version", "current", "chapters"}),
    )


def parse_record(facts: Json) -> Record:
    """Return the record that JSON describes, or raise ValueError."""
    if not isinstance(facts, dict):
        raise ValueError("no record")
    known = {name: facts[name] for name in RECORD_TYPES if name in facts}
    if any(not isinstance(value, RECORD_TYPES[name]) for name, value in known.items()):
        raise ValueError("not the members of a record")
    marks = {mark: facts[mark] for mark in Mark if mark in facts}
    others = other_members(facts, {*RECORD_TYPES, *Mark, "passed"})
    return Record(**known, passed=facts.get("passed"), marks=marks, others=others)


def other_members(facts: Facts, names: set[str]) -> Facts:
    """Return all members except these."""
    return {name: value for name, value in facts.items() if name not in names}

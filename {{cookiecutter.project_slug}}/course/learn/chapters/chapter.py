"""A chapter: a folder with a lesson, a grader, hints, and variants of some symbols.

    ch03_lifespan/
        chapter.toml      title, objective, targets, checks, why each check fails
        lesson.md         what is read
        starter.py        the symbols as the learner finds them
        grader.py         the checks
        hints.md          four levels
        mutants/*.py      plausible wrong answers; each names the check that must reject it
        alternatives/*.py other right answers

Standard library only: the template's hook runs this where nothing is installed.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from learn.chapters.variant import Variant

HINT = re.compile(r"^## (\d)[^\n]*\n", re.MULTILINE)


class ChapterError(Exception):
    """There is no such chapter."""


@dataclass(frozen=True)
class Check:
    """What a chapter says of one of its grader's checks."""

    id: str
    title: str


@dataclass(frozen=True)
class Question:
    """What a learner predicts before reading the lesson."""

    text: str
    choices: list[str]
    right: int  # counted from 1
    because: str
    exchange: str = ""  # the recorded exchange of the lesson that shows it


@dataclass(frozen=True)
class Chapter:
    """A chapter, as its folder and its `chapter.toml` describe it."""

    folder: Path
    title: str
    objective: str = ""
    targets: list[str] = field(default_factory=list)  # `app/lifespan.py:lifespan`, or a whole file
    todo: str = ""
    checks: list[Check] = field(default_factory=list)  # in their order
    why: dict[str, str] = field(default_factory=dict)  # reason -> why a check fails
    questions: list[Question] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Two digits. They never change, so that progress survives an update of the course."""
        return self.folder.name[2:4]

    @property
    def files(self) -> list[str]:
        """The files that are graded; each file belongs to one chapter only."""
        return list(dict.fromkeys(target.partition(":")[0] for target in self.targets))

    @property
    def check_ids(self) -> list[str]:
        """The ids of its checks, in their order."""
        return [check.id for check in self.checks]

    @property
    def lesson(self) -> Path:
        """The file of its lesson."""
        return self.folder / "lesson.md"

    @cached_property
    def hints(self) -> dict[int, str]:
        """The hints by level; empty where there are none."""
        path = self.folder / "hints.md"
        if not path.exists():
            return {}
        _, *found = HINT.split(path.read_text("utf-8"))
        pairs = zip(found[::2], found[1::2], strict=True)
        return {int(level): text.strip() for level, text in pairs}

    @cached_property
    def starter(self) -> Variant | None:
        """The symbols as the learner finds them; None where there is nothing to write."""
        path = self.folder / "starter.py"
        return self._variant(path) if path.exists() else None

    def variants(self, kind: str) -> list[Variant]:
        """Return its `mutants` or its `alternatives`."""
        return [self._variant(path) for path in sorted((self.folder / kind).glob("*.py"))]

    def _variant(self, path: Path) -> Variant:
        return Variant(path.stem, path.read_text("utf-8"), self.files[0])


def parse_chapter(folder: Path, facts: dict[str, Any]) -> Chapter:
    """Return the chapter that a `chapter.toml` describes; KeyError if it lacks what it must say."""
    return Chapter(
        folder,
        title=facts["title"],
        objective=facts.get("objective", ""),
        targets=list(facts.get("targets", [])),
        todo=facts.get("todo", ""),
        checks=[Check(check["id"], check["title"]) for check in facts.get("checks", [])],
        why=dict(facts.get("why", {})),
        questions=[parse_question(question) for question in facts.get("predict", [])],
    )


def parse_question(facts: dict[str, Any]) -> Question:
    """Return a question of a `chapter.toml`."""
    return Question(
        text=facts["question"],
        choices=list(facts["choices"]),
        right=facts["right"],
        because=facts["because"],
        exchange=facts.get("exchange", ""),
    )


def load_chapters(course: Path) -> list[Chapter]:
    """Return every chapter of a course, in order."""
    return [
        parse_chapter(path.parent, tomllib.loads(path.read_text("utf-8")))
        for path in sorted((course / "chapters").glob("ch[0-9][0-9]_*/chapter.toml"))
    ]


def find_chapter(chapters: list[Chapter], wanted: str) -> Chapter:
    """Return the chapter that `3`, `03`, `ch03` or `lifespan` means, or raise ChapterError."""
    number = wanted.lower().removeprefix("ch").zfill(2)
    for chapter in chapters:
        if number == chapter.id or wanted in (chapter.folder.name, chapter.folder.name[5:]):
            return chapter
    raise ChapterError(
        f"There is no chapter {wanted}. There are: {', '.join(c.id for c in chapters)}."
    )

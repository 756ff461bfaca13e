"""A chapter: a folder with a lesson, a grader, hints, and other versions of some symbols.

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
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from learn.symbols import parts, swap

Files = dict[str, str]  # path from the project's folder -> text

REJECTED_BY = re.compile(r"Rejected by: ([a-z0-9-]+)\.?\s*$")


class ChapterError(Exception):
    """There is no such chapter, or its folder is not whole."""


@dataclass(frozen=True)
class Variant:
    """Some symbols, defined otherwise."""

    name: str
    text: str
    default: str  # the file of the part before any `# file:` line

    @property
    def summary(self) -> str:
        """Its docstring."""
        found = re.match(r'"""(.*?)"""', self.text, re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    @property
    def rejected_by(self) -> str:
        """The check that a mutant's docstring names; empty where it names none."""
        found = REJECTED_BY.search(self.summary)
        return found[1] if found else ""

    def apply(self, files: Files) -> Files:
        """The files with this variant in them.

        A part that has a docstring and begins with `# file:` is a whole file.
        """
        (default, text), *marked = parts(self.text, self.default)
        changed = files | {default: swap(files[default], text)}
        for path, text in marked:
            whole = text.startswith('"""')
            changed[path] = text.strip() + "\n" if whole else swap(changed[path], text)
        return changed


@dataclass(frozen=True)
class Chapter:
    """A chapter, as its folder says."""

    folder: Path
    facts: dict[str, Any]

    @property
    def id(self) -> str:
        """Two digits: stable, so that progress survives an update of the course."""
        return self.folder.name[2:4]

    @property
    def title(self) -> str:
        """What it is called."""
        title: str = self.facts["title"]
        return title

    @property
    def targets(self) -> list[str]:
        """What the learner writes: `app/lifespan.py:lifespan`, or a whole file."""
        return list(self.facts.get("targets", []))

    @property
    def files(self) -> list[str]:
        """The files that are graded; no other chapter has one of them."""
        return list(dict.fromkeys(target.partition(":")[0] for target in self.targets))

    @property
    def checks(self) -> list[str]:
        """The ids of its checks, in their order."""
        return [check["id"] for check in self.facts["checks"]]

    @cached_property
    def starter(self) -> Variant | None:
        """The symbols as the learner finds them; None in a chapter where nothing is written."""
        path = self.folder / "starter.py"
        return self._variant(path) if path.exists() else None

    def variants(self, kind: str) -> list[Variant]:
        """Its `mutants` or `alternatives`."""
        return [self._variant(path) for path in sorted((self.folder / kind).glob("*.py"))]

    def _variant(self, path: Path) -> Variant:
        return Variant(path.stem, path.read_text("utf-8"), self.files[0])


def load_chapters(course: Path) -> list[Chapter]:
    """Every chapter of a course, in order."""
    return [
        Chapter(path.parent, tomllib.loads(path.read_text("utf-8")))
        for path in sorted((course / "chapters").glob("ch[0-9][0-9]_*/chapter.toml"))
    ]


def find_chapter(chapters: list[Chapter], wanted: str) -> Chapter:
    """The chapter that is meant by `3`, `03`, `ch03` or `lifespan`."""
    number = wanted.lower().removeprefix("ch").zfill(2)
    for chapter in chapters:
        if number == chapter.id or wanted in (chapter.folder.name, chapter.folder.name[5:]):
            return chapter
    raise ChapterError(
        f"There is no chapter {wanted}. There are: {', '.join(c.id for c in chapters)}."
    )

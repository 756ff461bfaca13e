"""Is a grader right? Every version of a chapter's symbols, and what the grader says of each.

The solution and the alternatives pass; the starter fails by a check; a mutant is rejected first by
the check that its docstring names; and every check is named by a mutant.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from learn.chapters import Chapter, Files
from learn.grading import Report, Verdict, grade
from learn.handout import solved_files
from learn.process import COURSE
from learn.symbols import SymbolError

PASSES = "passes"
FAILS = "fails by a check"
IS_NAMED = "is named by a mutant"
# Works until it is ended, or whoever started it is gone.
BUSY = "import os\np = os.getppid()\nwhile os.getppid() == p: sum(range(1_000_000))"


@dataclass
class Row:
    """A version of a chapter's symbols: what is wanted of it, and what came, run by run."""

    chapter: Chapter
    kind: str
    name: str
    wanted: str
    files: Files = field(default_factory=dict)
    came: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # on what was not wanted

    @property
    def ok(self) -> bool:
        """It came as wanted, every time."""
        return bool(self.came) and not self.notes

    @property
    def summary(self) -> str:
        """What came; how often, where that differs."""
        different = list(dict.fromkeys(self.came))
        if len(different) == 1:
            return different[0]
        return ", ".join(f"{self.came.count(came)}x {came}" for came in different)

    def note(self, report: Report) -> None:
        """Take down what came of a run."""
        came = self._came(report)
        self.came.append(came)
        fits = came.startswith("fails: ") if self.wanted == FAILS else came == self.wanted
        if not fits:
            self.notes.append(" ".join(filter(None, [f"seed {report.seed}", came, report.reason])))

    def _came(self, report: Report) -> str:
        if report.verdict is Verdict.PASSED:
            return PASSES
        if any(result.get("not_started") for result in report.results):
            return "does not start"
        if report.verdict is Verdict.FAILED:
            return f"fails: {', '.join(report.failures)}"
        return report.verdict.value

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "chapter": self.chapter.id,
            "kind": self.kind,
            "variant": self.name,
            "wanted": self.wanted,
            "came": self.came,
            "ok": self.ok,
            "notes": self.notes,
        }


def rows_of(chapter: Chapter, solved: Files) -> list[Row]:
    """What is to be looked at in a chapter."""
    made = [Row(chapter, "solution", "solution", PASSES, solved)]
    variants = [("alternative", variant, PASSES) for variant in chapter.variants("alternatives")]
    variants += [
        ("mutant", variant, f"fails: {variant.rejected_by}")
        for variant in chapter.variants("mutants")
    ]
    if chapter.starter:
        variants.insert(0, ("starter", chapter.starter, FAILS))
    for kind, variant, wanted in variants:
        row = Row(chapter, kind, variant.name, wanted)
        try:
            row.files = variant.apply(solved)
        except (SymbolError, SyntaxError, KeyError) as error:
            refuse(row, "does not fit", f"{type(error).__name__}: {error}")
        made.append(row)
    named = {variant.rejected_by for variant in chapter.variants("mutants")}
    made += [
        refuse(Row(chapter, "check", id_, IS_NAMED), "by none", "no mutant has it")
        for id_ in chapter.checks
        if id_ not in named
    ]
    return made


def refuse(row: Row, came: str, note: str) -> Row:
    """Say no to a row without running anything."""
    row.came.append(came)
    row.notes.append(note)
    return row


def run(
    rows: list[Row], repeat: int, jobs: int, told: Callable[[Row], None] = lambda _: None
) -> None:
    """Grade every row so many times, each with a seed of its own; `told` hears of each run."""
    with ThreadPoolExecutor(jobs) as pool:
        running = {
            pool.submit(grade, row.chapter, row.files, COURSE.parent): row
            for _ in range(repeat)
            for row in rows
            if row.files
        }
        try:
            for done in as_completed(running):
                row = running[done]
                row.note(done.result())
                told(row)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def wanted_rows(chapters: list[Chapter]) -> list[Row]:
    """The rows of those chapters in which something is to be written."""
    solved = solved_files(COURSE.parent)
    return [row for chapter in chapters if chapter.targets for row in rows_of(chapter, solved)]


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """While this lasts, so many processes do nothing but keep the machine from its work."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(processes):
            started.append(subprocess.Popen([sys.executable, "-c", BUSY]))  # noqa: S603, PERF401
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def cores() -> int:
    """How many gradings at once keep this machine at work."""
    return os.cpu_count() or 1


def seconds_since(begun: float) -> str:
    """How long it took, for people."""
    return f"{time.monotonic() - begun:.0f} s"

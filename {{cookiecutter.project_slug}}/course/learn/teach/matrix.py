"""The matrix of a grader: every variant of a chapter's symbols, and what the grader says of it.

The solution and the alternatives pass; the starter fails by a check; a mutant is rejected first by
the check that its docstring names; and every check is named by a mutant.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from learn.chapters.chapter import Chapter
from learn.chapters.files import Files
from learn.chapters.folders import COURSE
from learn.chapters.handout import solved_files
from learn.chapters.symbols import SymbolError
from learn.grading.grader import grade
from learn.grading.report import Json, Report
from learn.grading.verdict import Verdict

PASSES = "passes"
FAILS = "fails by a check"
IS_NAMED = "is named by a mutant"


@dataclass
class Row:
    """A variant of a chapter's symbols: the result that is wanted, and the result of each run."""

    chapter: Chapter
    kind: str
    name: str
    wanted: str
    files: Files = field(default_factory=dict)
    came: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # on results that were not wanted

    @property
    def ok(self) -> bool:
        """Every run had the result that is wanted."""
        return bool(self.came) and not self.notes

    @property
    def summary(self) -> str:
        """The result; if the runs differ, each result and how often it came."""
        different = list(dict.fromkeys(self.came))
        if len(different) == 1:
            return different[0]
        return ", ".join(f"{self.came.count(came)}x {came}" for came in different)

    def note(self, report: Report) -> None:
        """Record the result of a run."""
        came = summarize(report)
        self.came.append(came)
        fits = came.startswith("fails: ") if self.wanted == FAILS else came == self.wanted
        if not fits:
            self.notes.append(" ".join(filter(None, [f"seed {report.seed}", came, report.reason])))

    def refuse(self, came: str, note: str) -> None:
        """Reject it without running anything."""
        self.came.append(came)
        self.notes.append(note)

    def as_json(self) -> dict[str, Json]:
        """Return it for programs."""
        return {
            "chapter": self.chapter.id,
            "kind": self.kind,
            "variant": self.name,
            "wanted": self.wanted,
            "came": self.came,
            "ok": self.ok,
            "notes": self.notes,
        }


def summarize(report: Report) -> str:
    """Return what a grader says of a variant."""
    if report.verdict is Verdict.PASSED:
        return PASSES
    if any(result.not_started for result in report.results):
        return "does not start"
    if report.verdict is Verdict.FAILED:
        return f"fails: {', '.join(report.failures)}"
    return report.verdict


def rows_of(chapter: Chapter, solved: Files) -> list[Row]:
    """Return the rows of a chapter."""
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
            row.refuse("does not fit", f"{type(error).__name__}: {error}")
        made.append(row)
    return made + rows_of_unnamed_checks(chapter)


def rows_of_unnamed_checks(chapter: Chapter) -> list[Row]:
    """Return a row for each check that no mutant names."""
    named = {variant.rejected_by for variant in chapter.variants("mutants")}
    rows = [Row(chapter, "check", id_, IS_NAMED) for id_ in chapter.check_ids if id_ not in named]
    for row in rows:
        row.refuse("by none", "no mutant has it")
    return rows


def rows_of_chapters(chapters: list[Chapter]) -> list[Row]:
    """Return the rows of those chapters in which something is written."""
    solved = solved_files(COURSE.parent)
    return [row for chapter in chapters if chapter.targets for row in rows_of(chapter, solved)]


def grade_rows(
    rows: list[Row], repeat: int, jobs: int, on_run: Callable[[Row], None] = lambda _: None
) -> None:
    """Grade every row this many times, each time with another seed; call `on_run` after each."""
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
                on_run(row)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise

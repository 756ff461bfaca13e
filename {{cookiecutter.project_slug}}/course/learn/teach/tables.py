"""Tables of a cohort, for `report` and `items`: for people, programs and spreadsheets."""

import csv
import io
import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from learn.grading.verdict import Verdict
from learn.teach.results import ChapterTitle, CohortResults, LearnerResults
from learn.terminal.encoding import clean
from learn.terminal.screen import Screen

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CELLS = {
    Verdict.PASSED: "ok",
    Verdict.FAILED: "NO",
    Verdict.NOT_BEGUN: "-",
    Verdict.BROKEN: "!",
    Verdict.ALTERED: "?",
    Verdict.COULD_NOT_GRADE: "?",
}
LEGEND = "ok passed · NO failed · - not begun · ! broken file · ? could not grade"
BAR = 20
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class ResultRow:
    """A chapter of a learner."""

    learner: str
    chapter: str
    title: str
    result: str
    failed_check: str
    why: str
    checks_passed: int
    checks: int
    altered: str
    seed: int


@dataclass(frozen=True)
class ItemRow:
    """A check, and how often it failed."""

    chapter: str
    check: str
    title: str
    reached: int  # by this many learners: no check is run after the first failure
    failed: int
    rate: float


def show_results(screen: Screen, results: CohortResults, form: str) -> None:
    """Show who passed what: a line for each learner, or a row for each chapter of each."""
    if form == "json":
        screen.block(json.dumps(results.as_json(), indent=2))
    elif form == "csv":
        print_csv(screen, ResultRow, result_rows(results))
    else:
        head = ["passed", "learner", *(chapter.id for chapter in results.chapters), "course"]
        screen.table(head, [learner_row(learner) for learner in results.learners])
        screen.line()
        screen.line(LEGEND)
        for learner in results.learners:
            show_notes(screen, learner)


def show_notes(screen: Screen, learner: LearnerResults) -> None:
    """Show what was altered, and what could not be graded."""
    if learner.altered:
        screen.item(f"{learner.learner}: altered: {', '.join(learner.altered)}")
    for chapter in learner.chapters:
        if chapter.verdict in (Verdict.BROKEN, Verdict.COULD_NOT_GRADE):
            screen.item(f"{learner.learner}: ch{chapter.chapter} {chapter.reason}")


def learner_row(learner: LearnerResults) -> list[str]:
    """Return the cells of a learner."""
    verdicts = learner.verdicts
    passed = f"{verdicts.count(Verdict.PASSED)} of {len(verdicts)}"
    course = "ALTERED" if learner.altered else "ok"
    return [passed, clean(learner.learner), *(CELLS[verdict] for verdict in verdicts), course]


def result_rows(results: CohortResults) -> list[ResultRow]:
    """Return a row for each chapter of each learner."""
    titles = {chapter.id: chapter.title for chapter in results.chapters}
    rows = []
    for learner in results.learners:
        for chapter in learner.chapters:
            failed = next((check for check in chapter.checks if check.passed is False), None)
            rows.append(
                ResultRow(
                    learner=learner.learner,
                    chapter=chapter.chapter,
                    title=titles[chapter.chapter],
                    result=chapter.verdict,
                    failed_check=failed.id if failed else "",
                    why=failed.why if failed else chapter.reason,
                    checks_passed=sum(check.passed is True for check in chapter.checks),
                    checks=len(chapter.checks),
                    altered="; ".join(learner.altered),
                    seed=results.seed,
                )
            )
    return rows


def show_items(screen: Screen, results: CohortResults, form: str) -> None:
    """Show how often each check failed among those who reached it."""
    rows = item_rows(results)
    if form == "json":
        screen.block(json.dumps([asdict(row) for row in rows], indent=2))
    elif form == "csv":
        print_csv(screen, ItemRow, rows)
    else:
        for chapter in results.chapters:
            show_chapter_items(screen, chapter, [r for r in rows if r.chapter == chapter.id])


def show_chapter_items(screen: Screen, chapter: ChapterTitle, rows: list[ItemRow]) -> None:
    """Show the table of a chapter."""
    screen.line(f"ch{chapter.id}  {chapter.title}", "bold")
    lines = [
        [f"{row.failed} of {row.reached}", row.title, "█" * round(BAR * row.rate)] for row in rows
    ]
    screen.table(["failed", "check", ""], lines)
    screen.line()


def item_rows(results: CohortResults) -> list[ItemRow]:
    """Return a row for each check."""
    attempts = [attempt for learner in results.learners for attempt in learner.chapters]
    rows = []
    for chapter in results.chapters:
        own = [attempt.checks for attempt in attempts if attempt.chapter == chapter.id]
        for number, check in enumerate(chapter.checks):
            said = [checks[number].passed for checks in own if number < len(checks)]
            reached, failed = sum(s is not None for s in said), said.count(False)
            rate = round(failed / reached, 4) if reached else 0.0
            rows.append(ItemRow(chapter.id, check.id, check.title, reached, failed, rate))
    return rows


def print_csv(
    screen: Screen, kind: "type[DataclassInstance]", rows: "list[ResultRow] | list[ItemRow]"
) -> None:
    """Print rows with a head, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(kind)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: defuse(value) for name, value in asdict(row).items()})
    screen.block(text.getvalue().rstrip("\n"))


def defuse(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    is_formula = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if is_formula else value

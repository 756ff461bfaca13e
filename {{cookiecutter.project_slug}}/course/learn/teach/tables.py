"""`learn teach report` and `items`: what came of a cohort, for people, programs, spreadsheets."""

import csv
import io
import json
from pathlib import Path

from learn.cohort import BROKEN, FAILED, NO_VERDICT, NOT_BEGUN, PASSED, VERSION, Document
from learn.learner import LearnError
from learn.marks import clean
from learn.screens import Screen

CELLS = {PASSED: "ok", FAILED: "NO", NOT_BEGUN: "-", BROKEN: "!", NO_VERDICT: "?"}
LEGEND = "ok passed · NO failed · - not begun · ! broken file · ? could not grade"
BAR = 20
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def read_results(path: Path) -> Document:
    """What `grade` wrote."""
    try:
        document: Document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise LearnError("teach.no_results", path=path) from None
    except ValueError:
        document = {}
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise LearnError("teach.not_results", path=path)
    return document


def show_results(screen: Screen, document: Document, form: str) -> None:
    """Who passed what: a table with a line for each learner; or a row for each chapter of each."""
    if form == "json":
        screen.as_is(json.dumps(document, indent=2))
        return
    rows = list(result_rows(document))
    if form == "csv":
        print_csv(screen, rows)
        return
    head = ["passed", "learner", *(chapter["id"] for chapter in document["chapters"]), "course"]
    screen.table(head, [learner_row(learner) for learner in document["learners"]])
    screen.line()
    screen.line(LEGEND)
    for learner in document["learners"]:
        if learner["altered"]:
            screen.item(f"{learner['learner']}: altered: {', '.join(learner['altered'])}")
        for chapter in learner["chapters"]:
            if chapter["result"] in (BROKEN, NO_VERDICT):
                screen.item(f"{learner['learner']}: ch{chapter['chapter']} {chapter['reason']}")


def exit_code(document: Document) -> int:
    """0 when everybody passed everything, 3 when something could not be graded, 1 else."""
    results = {chapter["result"] for one in document["learners"] for chapter in one["chapters"]}
    return 3 if NO_VERDICT in results else int(results != {PASSED})


def learner_row(learner: Document) -> list[str]:
    """The line of a learner."""
    results = [chapter["result"] for chapter in learner["chapters"]]
    passed = f"{results.count(PASSED)} of {len(results)}"
    course = "ALTERED" if learner["altered"] else "ok"
    return [passed, clean(learner["learner"]), *(CELLS[result] for result in results), course]


def result_rows(document: Document) -> list[Document]:
    """A row for each chapter of each learner."""
    titles = {chapter["id"]: chapter["title"] for chapter in document["chapters"]}
    rows = []
    for learner in document["learners"]:
        for chapter in learner["chapters"]:
            failed = next((c for c in chapter["checks"] if c["passed"] is False), None)
            rows.append(
                {
                    "learner": learner["learner"],
                    "chapter": chapter["chapter"],
                    "title": titles[chapter["chapter"]],
                    "result": chapter["result"],
                    "failed_check": failed["id"] if failed else "",
                    "why": failed["why"] if failed else chapter["reason"],
                    "checks_passed": sum(c["passed"] is True for c in chapter["checks"]),
                    "checks": len(chapter["checks"]),
                    "altered": "; ".join(learner["altered"]),
                    "seed": document["seed"],
                }
            )
    return rows


def show_items(screen: Screen, document: Document, form: str) -> None:
    """How often each check failed, of those who came to it."""
    rows = item_rows(document)
    if form == "json":
        screen.as_is(json.dumps(rows, indent=2))
    elif form == "csv":
        print_csv(screen, rows)
    else:
        for chapter in document["chapters"]:
            show_chapter_items(screen, chapter, [r for r in rows if r["chapter"] == chapter["id"]])


def show_chapter_items(screen: Screen, chapter: Document, rows: list[Document]) -> None:
    """The table of a chapter."""
    screen.line(f"ch{chapter['id']}  {chapter['title']}", "bold")
    lines = [
        [f"{row['failed']} of {row['reached']}", row["title"], "█" * round(BAR * row["rate"])]
        for row in rows
    ]
    screen.table(["failed", "check", ""], lines)
    screen.line()


def item_rows(document: Document) -> list[Document]:
    """A row for each check. After the first failure no more are run: that is `reached`."""
    seen = [c for learner in document["learners"] for c in learner["chapters"]]
    rows = []
    for chapter in document["chapters"]:
        own = [c["checks"] for c in seen if c["chapter"] == chapter["id"]]
        for number, check in enumerate(chapter["checks"]):
            said = [checks[number]["passed"] for checks in own if number < len(checks)]
            reached, failed = sum(s is not None for s in said), said.count(False)
            rows.append(
                {
                    "chapter": chapter["id"],
                    "check": check["id"],
                    "title": check["title"],
                    "reached": reached,
                    "failed": failed,
                    "rate": round(failed / reached, 4) if reached else 0.0,
                }
            )
    return rows


def print_csv(screen: Screen, rows: list[Document]) -> None:
    """Rows with a head, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: harmless(value) for key, value in row.items()} for row in rows)
    screen.as_is(text.getvalue().rstrip("\n"))


def harmless(value: object) -> object:
    """A cell that no spreadsheet calculates."""
    text = isinstance(value, str) and value.startswith(FORMULAS)
    return f"'{value}" if text else value

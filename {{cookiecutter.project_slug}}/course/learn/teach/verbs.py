"""`uv run learn teach`: what an instructor does. What a verb needs is imported when it is called.

Exit codes: 0 all is well, 1 something failed or is wrong, 2 usage, 3 could not grade.
"""

import json
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from learn.chapters import Chapter
from learn.handout import write
from learn.learner import Learner
from learn.matrix import cores
from learn.screens import Screen


class Format(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Chapters = Annotated[
    list[str] | None,
    typer.Argument(metavar="CHAPTER", show_default=False, help="Chapters: 6, 06 or a name."),
]
Jobs = Annotated[
    int, typer.Option(min=1, show_default="cores", help="How many gradings run at once.")
]
Formatted = Annotated[Format, typer.Option("--format", "-f", help="How to print them.")]
Results = Annotated[
    Path | None, typer.Argument(metavar="RESULTS", help="What `grade` wrote; else its last.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


@app.command(help="Grade a folder of learners' checkouts.")
def grade(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="One folder each.")
    ],
    chapters: Chapters = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, show_default=False, help="Where results go.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, show_default=False, help="Repeat a run.")
    ] = None,
    form: Formatted = Format.TABLE,
    jobs: Jobs = cores(),  # noqa: B008
) -> None:
    """Grade a cohort; exit with 0 when all passed, 1 when some failed, 3 without a verdict."""
    from learn.cohort import find_checkouts, grade_cohort
    from learn.reporting import exit_code, show_results
    from learn.teach_matrix import bar

    screen, learner = Screen(), Learner()
    wanted = [chapter for chapter in chosen(learner, chapters) if chapter.targets]
    checkouts = find_checkouts(folder, learner)
    if seed is None:
        seed = secrets.randbelow(10_000)
    with bar(screen, len(checkouts) * len(wanted), hidden=form is not Format.TABLE) as tell:
        results = grade_cohort(checkouts, wanted, seed, jobs, tell)
    path = out or last_results(learner)
    write(path, json.dumps(results, indent=1) + "\n")
    show_results(screen, results, form)
    Screen(stderr=True).say("teach.written", path=learner.shown(path))
    raise typer.Exit(exit_code(results))


@app.command(help="What came of a cohort: table, JSON or CSV.")
def report(results: Results = None, form: Formatted = Format.TABLE) -> None:
    """Show what `grade` found."""
    from learn.reporting import read_results, show_results

    show_results(Screen(), read_results(results or last_results(Learner())), form)


@app.command(help="How often each check failed.")
def items(results: Results = None, form: Formatted = Format.TABLE) -> None:
    """Show how often each check failed."""
    from learn.reporting import read_results, show_items

    show_items(Screen(), read_results(results or last_results(Learner())), form)


@app.command("open", help="Put the solution into app/, to work on it.")
def open_(yes: Yes = False) -> None:
    """Open the project."""
    from learn.authoring import open_course

    raise typer.Exit(open_course(Screen(), Learner(), yes))


@app.command("hand-out", help="Put the starters into app/, and seal the graders.")
def hand_out() -> None:
    """Close the project."""
    from learn.authoring import close_course

    raise typer.Exit(close_course(Screen(), Learner()))


@app.command(help="Bring the code in lessons up to date.")
def lessons(
    chapters: Chapters = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what is not.")] = False,
) -> None:
    """Compare lessons with the app."""
    from learn.authoring import mend_lessons

    learner = Learner()
    raise typer.Exit(mend_lessons(Screen(), chosen(learner, chapters), check))


@app.command("new-chapter", help="Write the folder of a new chapter.")
def new_chapter(
    number: Annotated[int, typer.Argument(min=0, max=99, help="50 and above are yours.")],
    name: Annotated[str, typer.Argument(help="In small letters: rate_limit.")],
    target: Annotated[str, typer.Option(help="What is written in it: app/health.py:ready.")],
) -> None:
    """Begin a chapter."""
    from learn.authoring import new_chapter as new

    raise typer.Exit(new(Screen(), Learner(), number, name, target))


@app.command(help="Are the graders right? Every variant, graded.")
def matrix(
    chapters: Chapters = None,
    repeat: Annotated[int, typer.Option(min=1, help="So many times, with new seeds.")] = 1,
    load: Annotated[bool, typer.Option("--load", help="Beside a busy process per core.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    jobs: Jobs = cores(),  # noqa: B008
) -> None:
    """Grade every version of the chapters' symbols."""
    from learn.teach_matrix import show_matrix

    wanted = chosen(Learner(), chapters)
    raise typer.Exit(show_matrix(Screen(), wanted, repeat, load, jobs, as_json))


def chosen(learner: Learner, wanted: list[str] | None) -> list[Chapter]:
    """The chapters that are meant; all of them without a word."""
    found = [learner.chapter(word) for word in wanted or []]
    return found or learner.chapters


def last_results(learner: Learner) -> Path:
    """Where results go when no other place is named."""
    return learner.state / "cohort.json"

"""The verbs of `uv run learn teach`. What a verb needs is imported when it is called.

Exit codes: 0 all is well, 1 something failed or is wrong, 2 usage, 3 could not grade.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from learn.chapters.chapter import Chapter
from learn.grading.report import draw_seed
from learn.progress.project import Project
from learn.teach.load import count_cores
from learn.terminal.screen import Screen


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
    Path | None, typer.Argument(metavar="RESULTS", help="What `grade` wrote; default: the last.")
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
    jobs: Jobs = count_cores(),  # noqa: B008
) -> None:
    """Grade a cohort; exit with 0 if all passed, 1 if some did not, 3 without a verdict."""
    from learn.teach.cohort import find_checkouts, grade_cohort
    from learn.teach.results import write_results
    from learn.teach.tables import show_results
    from learn.terminal.progress_bar import progress_bar

    screen, project = Screen(), Project()
    wanted = [chapter for chapter in choose_chapters(project, chapters) if chapter.targets]
    checkouts = find_checkouts(folder, project)
    seed = draw_seed() if seed is None else seed
    total = len(checkouts) * len(wanted)
    with progress_bar(screen, total, hidden=form is not Format.TABLE) as advance:
        results = grade_cohort(checkouts, wanted, seed, jobs, advance)
    write_results(path := out or results_path(project), results)
    show_results(screen, results, form)
    Screen(stderr=True).say("teach.written", path=project.display_path(path))
    raise typer.Exit(results.exit_code)


@app.command(help="The results of a cohort: table, JSON or CSV.")
def report(results: Results = None, form: Formatted = Format.TABLE) -> None:
    """Show what `grade` found."""
    from learn.teach.results import read_results
    from learn.teach.tables import show_results

    show_results(Screen(), read_results(results or results_path(Project())), form)


@app.command(help="How often each check failed.")
def items(results: Results = None, form: Formatted = Format.TABLE) -> None:
    """Show how often each check failed."""
    from learn.teach.results import read_results
    from learn.teach.tables import show_items

    show_items(Screen(), read_results(results or results_path(Project())), form)


@app.command("open", help="Put the solution into app/, to work on it.")
def open_(yes: Yes = False) -> None:
    """Open the project."""
    from learn.teach.course import open_course

    raise typer.Exit(open_course(Screen(), Project(), yes))


@app.command("hand-out", help="Put the starters into app/, and seal the graders.")
def hand_out() -> None:
    """Close the project."""
    from learn.teach.course import close_course

    raise typer.Exit(close_course(Screen(), Project()))


@app.command(help="Bring the code in lessons up to date.")
def lessons(
    chapters: Chapters = None,
    check: Annotated[bool, typer.Option("--check", help="Only report what is not.")] = False,
) -> None:
    """Compare lessons with the app."""
    from learn.teach.course import update_lessons

    wanted = choose_chapters(Project(), chapters)
    raise typer.Exit(update_lessons(Screen(), wanted, check))


@app.command("new-chapter", help="Write the folder of a new chapter.")
def new_chapter(
    number: Annotated[int, typer.Argument(min=0, max=99, help="50 and above are yours.")],
    name: Annotated[str, typer.Argument(help="In lower case: rate_limit.")],
    target: Annotated[str, typer.Option(help="What is written in it: app/health.py:ready.")],
) -> None:
    """Begin a chapter."""
    from learn.teach.new_chapter import write_chapter

    raise typer.Exit(write_chapter(Screen(), Project(), number, name, target))


@app.command(help="Are the graders right? Every variant, graded.")
def matrix(
    chapters: Chapters = None,
    repeat: Annotated[int, typer.Option(min=1, help="This many times, with new seeds.")] = 1,
    load: Annotated[bool, typer.Option("--load", help="With a busy process per core.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    jobs: Jobs = count_cores(),  # noqa: B008
) -> None:
    """Grade every variant of the chapters' symbols."""
    from learn.teach.matrix_table import show_matrix

    wanted = choose_chapters(Project(), chapters)
    raise typer.Exit(show_matrix(Screen(), wanted, repeat, load, jobs, as_json))


def choose_chapters(project: Project, wanted: list[str] | None) -> list[Chapter]:
    """Return the chapters that are meant; all of them if none is named."""
    found = [project.chapter(word) for word in wanted or []]
    return found or project.chapters


def results_path(project: Project) -> Path:
    """Return where results go when no other place is named."""
    return project.state / "cohort.json"

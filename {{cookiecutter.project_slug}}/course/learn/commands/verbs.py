"""The verbs of `uv run learn`. What a verb needs is imported when it is called: help is fast."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from learn.terminal.messages import text

if TYPE_CHECKING:
    from learn.progress.project import Project
    from learn.terminal.screen import Screen

PLAIN = "--plain"

app = typer.Typer(
    help=text("help.learn"),
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ChapterArgument = Annotated[
    str | None, typer.Argument(metavar="CHAPTER", show_default=False, help=text("help.chapter"))
]
SeedOption = Annotated[int | None, typer.Option(min=0, show_default=False, help=text("help.seed"))]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help=text("help.yes"))]


def desk() -> "tuple[Screen, Project]":
    """Return what every verb needs."""
    from learn.progress.project import Project
    from learn.terminal.screen import Screen

    return Screen(), Project()


@app.callback(invoke_without_command=True)
def learn(
    context: typer.Context,
    plain: Annotated[bool, typer.Option(PLAIN, help=text("help.plain"))] = False,
) -> None:
    """Watch, if there is no verb."""
    if plain:
        os.environ["LEARN_PLAIN"] = "1"
    if context.invoked_subcommand is None:
        watch()


@app.command(help=text("help.watch"))
def watch(chapter: ChapterArgument = None) -> None:
    """Stay with a chapter, and check it at each save."""
    from learn.commands.watch import Watch

    screen, project = desk()
    raise typer.Exit(Watch(screen, project, project.chapter(chapter)).run())


@app.command(help=text("help.check"))
def check(
    chapter: ChapterArgument = None,
    every: Annotated[bool, typer.Option("--all", help=text("help.all"))] = False,
    seed: SeedOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=text("help.json"))] = False,
) -> None:
    """Check one chapter, or all."""
    from learn.commands.check import check_all, check_one

    if chapter and every:
        raise typer.BadParameter(text("error.chapter_and_all"))
    screen, project = desk()
    code = (
        check_all(screen, project, seed, as_json)
        if every
        else check_one(screen, project, project.chapter(chapter), seed, as_json)
    )
    raise typer.Exit(code)


@app.command("next", help=text("help.next"))
def next_(
    skip: Annotated[bool, typer.Option("--skip", help=text("help.skip"))] = False,
) -> None:
    """Go on to the next chapter."""
    from learn.commands.next import go_on

    raise typer.Exit(go_on(*desk(), skip))


@app.command(help=text("help.predict"))
def predict(
    chapter: ChapterArgument = None,
    again: Annotated[bool, typer.Option("--again", help=text("help.again"))] = False,
) -> None:
    """Ask the questions of a chapter."""
    from learn.commands.predict import ask_questions
    from learn.terminal.confirm import read_line

    screen, project = desk()
    raise typer.Exit(ask_questions(screen, project, project.chapter(chapter), read_line, again))


@app.command(help=text("help.hint"))
def hint(
    chapter: ChapterArgument = None,
    level: Annotated[
        int | None, typer.Option(min=1, show_default=False, help=text("help.level"))
    ] = None,
) -> None:
    """Show a hint."""
    from learn.commands.hint import show_hint

    screen, project = desk()
    raise typer.Exit(show_hint(screen, project, project.chapter(chapter), level))


@app.command(help=text("help.lesson"))
def lesson(chapter: ChapterArgument = None) -> None:
    """Show a lesson."""
    from learn.commands.lesson import show_lesson

    screen, project = desk()
    raise typer.Exit(show_lesson(screen, project, project.chapter(chapter)))


@app.command(help=text("help.replay"))
def replay(chapter: ChapterArgument = None) -> None:
    """Show the last failing request."""
    from learn.commands.replay import show_replay

    screen, project = desk()
    raise typer.Exit(show_replay(screen, project, project.chapter(chapter) if chapter else None))


@app.command(help=text("help.diff"))
def diff(chapter: ChapterArgument = None) -> None:
    """Show what the learner changed."""
    from learn.commands.diff import show_diff

    screen, project = desk()
    raise typer.Exit(show_diff(screen, project, project.chapter(chapter)))


@app.command(help=text("help.solution"))
def solution(
    chapter: ChapterArgument = None,
    give_up: Annotated[bool, typer.Option("--give-up", help=text("help.give_up"))] = False,
) -> None:
    """Show the solution."""
    from learn.commands.solution import show_solution

    screen, project = desk()
    raise typer.Exit(show_solution(screen, project, project.chapter(chapter), give_up))


@app.command(help=text("help.reset"))
def reset(chapter: ChapterArgument = None, yes: YesOption = False) -> None:
    """Put the starter back."""
    from learn.commands.reset import reset_chapter

    screen, project = desk()
    raise typer.Exit(reset_chapter(screen, project, project.chapter(chapter), yes))


@app.command(help=text("help.jump"))
def jump(
    chapter: Annotated[str, typer.Argument(show_default=False, help=text("help.chapter_to"))],
    yes: YesOption = False,
) -> None:
    """Solve the earlier chapters."""
    from learn.commands.jump import jump_to

    screen, project = desk()
    raise typer.Exit(jump_to(screen, project, project.chapter(chapter), yes))


@app.command(help=text("help.status"))
def status() -> None:
    """Show the state of every chapter."""
    from learn.commands.status import show_status

    raise typer.Exit(show_status(*desk()))


@app.command(help=text("help.doctor"))
def doctor() -> None:
    """Examine the machine."""
    from learn.commands.doctor import examine

    raise typer.Exit(examine(*desk()))

"""The verbs of `uv run learn`. What they do is imported when they are called: help is fast."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from learn.messages import text

if TYPE_CHECKING:
    from learn.learner import Learner
    from learn.screens import Screen

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


def desk() -> "tuple[Screen, Learner]":
    """What every verb needs."""
    from learn.learner import Learner
    from learn.screens import Screen

    return Screen(), Learner()


@app.callback(invoke_without_command=True)
def learn(
    context: typer.Context,
    plain: Annotated[bool, typer.Option(PLAIN, help=text("help.plain"))] = False,
) -> None:
    """Watch, when there is no verb."""
    if plain:
        os.environ["LEARN_PLAIN"] = "1"
    if context.invoked_subcommand is None:
        watch()


@app.command(help=text("help.watch"))
def watch(chapter: ChapterArgument = None) -> None:
    """Stay with a chapter."""
    from learn.watch import Watch

    screen, learner = desk()
    raise typer.Exit(Watch(screen, learner, learner.chapter(chapter)).run())


@app.command(help=text("help.check"))
def check(
    chapter: ChapterArgument = None,
    every: Annotated[bool, typer.Option("--all", help=text("help.all"))] = False,
    seed: SeedOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=text("help.json"))] = False,
) -> None:
    """Check one chapter, or all."""
    from learn.checks import check_all, check_one

    if chapter and every:
        raise typer.BadParameter(text("error.chapter_and_all"))
    screen, learner = desk()
    code = (
        check_all(screen, learner, seed, as_json)
        if every
        else check_one(screen, learner, learner.chapter(chapter), seed, as_json)
    )
    raise typer.Exit(code)


@app.command("next", help=text("help.next"))
def next_(
    skip: Annotated[bool, typer.Option("--skip", help=text("help.skip"))] = False,
) -> None:
    """Go on."""
    from learn.verbs import go_on

    raise typer.Exit(go_on(*desk(), skip))


@app.command(help=text("help.predict"))
def predict(
    chapter: ChapterArgument = None,
    again: Annotated[bool, typer.Option("--again", help=text("help.again"))] = False,
) -> None:
    """Ask the questions of a chapter."""
    from learn.hints import predict as predict_
    from learn.hints import typed_line

    screen, learner = desk()
    raise typer.Exit(predict_(screen, learner, learner.chapter(chapter), typed_line, again))


@app.command(help=text("help.hint"))
def hint(
    chapter: ChapterArgument = None,
    level: Annotated[
        int | None, typer.Option(min=1, show_default=False, help=text("help.level"))
    ] = None,
) -> None:
    """Show a hint."""
    from learn.hints import show_hint

    screen, learner = desk()
    raise typer.Exit(show_hint(screen, learner, learner.chapter(chapter), level))


@app.command(help=text("help.lesson"))
def lesson(chapter: ChapterArgument = None) -> None:
    """Show a lesson."""
    from learn.verbs import show_lesson

    screen, learner = desk()
    raise typer.Exit(show_lesson(screen, learner, learner.chapter(chapter)))


@app.command(help=text("help.replay"))
def replay(chapter: ChapterArgument = None) -> None:
    """Show the last failing request."""
    from learn.replaying import replay as replay_

    screen, learner = desk()
    raise typer.Exit(replay_(screen, learner, learner.chapter(chapter) if chapter else None))


@app.command(help=text("help.diff"))
def diff(chapter: ChapterArgument = None) -> None:
    """Show what was changed."""
    from learn.verbs import show_diff

    screen, learner = desk()
    raise typer.Exit(show_diff(screen, learner, learner.chapter(chapter)))


@app.command(help=text("help.solution"))
def solution(
    chapter: ChapterArgument = None,
    give_up: Annotated[bool, typer.Option("--give-up", help=text("help.give_up"))] = False,
) -> None:
    """Show the solution."""
    from learn.verbs import show_solution

    screen, learner = desk()
    raise typer.Exit(show_solution(screen, learner, learner.chapter(chapter), give_up))


@app.command(help=text("help.reset"))
def reset(chapter: ChapterArgument = None, yes: YesOption = False) -> None:
    """Put the starter back."""
    from learn.moves import reset as reset_

    screen, learner = desk()
    raise typer.Exit(reset_(screen, learner, learner.chapter(chapter), yes))


@app.command(help=text("help.jump"))
def jump(
    chapter: Annotated[str, typer.Argument(show_default=False, help=text("help.chapter_to"))],
    yes: YesOption = False,
) -> None:
    """Have the earlier chapters solved."""
    from learn.moves import jump as jump_

    screen, learner = desk()
    raise typer.Exit(jump_(screen, learner, learner.chapter(chapter), yes))


@app.command(help=text("help.status"))
def status() -> None:
    """Show how every chapter stands."""
    from learn.verbs import show_status

    raise typer.Exit(show_status(*desk()))


@app.command(help=text("help.doctor"))
def doctor() -> None:
    """Examine the machine."""
    from learn.doctor import examine

    raise typer.Exit(examine(*desk()))

"""`uv run learn`: runs the command, and tells in words what goes wrong.

Exit codes: 0 passed, 1 something failed, 2 usage, 3 could not grade, 130 ended by Ctrl-C.
"""

import sys
from typing import TYPE_CHECKING

import typer

from learn.commands import PLAIN, app
from learn.messages import text

if TYPE_CHECKING:
    from learn.learner import Learner

CANNOT_GRADE, INTERRUPTED = 3, 130


def add_teach(arguments: list[str]) -> None:
    """Add the instructor's verbs; they are loaded when one of them is called."""
    if "teach" in arguments:
        from learn.teach import app as teach
    else:
        teach = typer.Typer()
        teach.callback()(lambda: None)
    app.add_typer(teach, name="teach", help=text("help.teach"))


def main(arguments: list[str] | None = None) -> None:
    """Run the command; what goes wrong is told in words, and the exit code says what it was."""
    given = sys.argv[1:] if arguments is None else arguments
    if PLAIN in given:  # it may stand anywhere
        given = [PLAIN, *(word for word in given if word != PLAIN)]
    add_teach(given)
    try:
        app(given, prog_name="learn")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        sys.exit(told(error))


def told(error: Exception) -> int:
    """Tell what went wrong; the exit code."""
    from learn.learner import Learner, LearnError
    from learn.screens import Screen

    screen = Screen(stderr=True)
    if isinstance(error, LearnError):
        screen.line(str(error))
        return error.exit_code
    if isinstance(error, OSError):
        where = error.filename or text("error.some_file")
        screen.say("error.file", file=where, cause=error.strerror or error)
        return CANNOT_GRADE
    screen.say("error.ours", cause=f"{type(error).__name__}: {error}")
    screen.say("error.crash", path=write_down(Learner()))
    return CANNOT_GRADE


def write_down(learner: "Learner") -> str:
    """Keep the traceback of a fault of the course itself; where."""
    import traceback

    path = learner.state / "crash.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(traceback.format_exc(), "utf-8")
    return learner.shown(path)

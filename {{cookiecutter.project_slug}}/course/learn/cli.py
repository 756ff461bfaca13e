"""`uv run learn`: runs a command, and says in words what goes wrong.

Exit codes: 0 passed, 1 something failed, 2 usage, 3 could not grade, 130 ended by Ctrl-C.
"""

import sys
from typing import TYPE_CHECKING

import typer

from learn.commands.verbs import PLAIN, app
from learn.terminal.messages import text

if TYPE_CHECKING:
    from learn.progress.project import Project

COULD_NOT_GRADE, INTERRUPTED = 3, 130  # `Verdict` is not loaded for help


def add_teach(arguments: list[str]) -> None:
    """Add the instructor's verbs; they are loaded when one of them is called."""
    if "teach" in arguments:
        from learn.teach.verbs import app as teach
    else:
        teach = typer.Typer()
        teach.callback()(lambda: None)
    app.add_typer(teach, name="teach", help=text("help.teach"))


def main(arguments: list[str] | None = None) -> None:
    """Run the command; the exit code says what went wrong, and the screen says it in words."""
    given = sys.argv[1:] if arguments is None else arguments
    if PLAIN in given:  # it may be anywhere
        given = [PLAIN, *(word for word in given if word != PLAIN)]
    add_teach(given)
    try:
        app(given, prog_name="learn")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        sys.exit(report_error(error))


def report_error(error: Exception) -> int:
    """Say what went wrong; return the exit code."""
    from learn.progress.project import Project
    from learn.terminal.errors import LearnError
    from learn.terminal.screen import Screen

    screen = Screen(stderr=True)
    if isinstance(error, LearnError):
        screen.line(str(error))
        return error.exit_code
    if isinstance(error, OSError):
        where = error.filename or text("error.some_file")
        screen.say("error.file", file=where, cause=error.strerror or error)
        return COULD_NOT_GRADE
    screen.say("error.ours", cause=f"{type(error).__name__}: {error}")
    screen.say("error.crash", path=save_traceback(Project()))
    return COULD_NOT_GRADE


def save_traceback(project: "Project") -> str:
    """Save the traceback of a bug in the course itself; return its path."""
    import traceback

    path = project.state / "crash.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(traceback.format_exc(), "utf-8")
    return project.display_path(path)

"""`learn doctor`: can this machine do what the course needs, and if not, what to type."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module

from learn.grading import Verdict, grade
from learn.handout import altered
from learn.learner import Learner
from learn.messages import text
from learn.saves import events_arrive, must_poll
from learn.screens import Screen

PACKAGES = (
    "fastapi",
    "uvicorn",
    "pydantic_settings",
    "structlog",
    "numpy",
    "onnxruntime",
    "celery",
    "sklearn",
    "httpx2",
    "rich",
    "watchfiles",
)
OLDEST_PYTHON = (3, 11)
APP_PORT = 8000

Finding = tuple[bool, str, str]  # is it well, what was found, what to type if it is not


def examine(screen: Screen, learner: Learner) -> int:
    """A line for each thing; 1 if something is wrong."""
    well = True
    for name, look in looks():
        with screen.working() as working:
            working.say(name)
            fine, found, remedy = look(learner)
        well = well and fine
        mark = text("doctor.ok" if fine else "doctor.not") + "  "
        screen.item(f"{name}: {found}", indent=0, mark=mark)
        if not fine:
            screen.row("next", remedy, indent=5)
    screen.say("doctor.well" if well else "doctor.ill", style="bold")
    return 0 if well else 1


def python(_: Learner) -> Finding:
    """The version of the interpreter."""
    found = ".".join(map(str, sys.version_info[:3]))
    return sys.version_info >= OLDEST_PYTHON, found, text("doctor.python_next")


def uv(_: Learner) -> Finding:
    """What runs the commands."""
    path = shutil.which("uv")
    return path is not None, path or text("doctor.missing"), text("doctor.uv_next")


def packages(_: Learner) -> Finding:
    """What the app and the course import; a package may be there and still not load."""
    missing = list(unloadable())
    return not missing, ", ".join(missing) or text("doctor.all_there"), text("doctor.packages_next")


def unloadable() -> Iterator[str]:
    """The packages that do not load."""
    for name in PACKAGES:
        try:
            import_module(name)
        except Exception as error:
            yield f"{name} ({type(error).__name__})"


def ports(_: Learner) -> Finding:
    """A port for graded apps; and the one on which the app is tried."""
    if not can_bind(0):
        return False, text("doctor.no_port"), text("doctor.no_port_next")
    if can_bind(APP_PORT):
        return True, text("doctor.port_free", port=APP_PORT), ""
    return True, text("doctor.port_taken", port=APP_PORT, other=APP_PORT + 1), ""


def can_bind(port: int) -> bool:
    """Tell whether a server could listen there."""
    with socket.socket() as server:
        if os.name != "nt":
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            server.bind(("127.0.0.1", port))
            return True
    return False


def course(learner: Learner) -> Finding:
    """The files that grade."""
    if learner.is_open:
        return True, text("doctor.open"), ""
    files = altered(learner.project, learner.project)
    found = text("doctor.altered", files=", ".join(files)) if files else text("doctor.unaltered")
    return not files, found, text("doctor.course_next")


def model(learner: Learner) -> Finding:
    """The model that the app serves when the learner tries it; graders bring their own."""
    card = learner.project / os.environ.get("MODEL_DIR", "var/model") / "card.json"
    found = learner.shown(card) if card.exists() else text("doctor.missing")
    return card.exists(), found, text("doctor.model_next")


def files(learner: Learner) -> Finding:
    """Whether saves are heard of; without that the watch looks again and again, which works too."""
    if must_poll():
        return True, text("doctor.polling_asked"), ""
    arrive = events_arrive(learner.state / "probe")
    return True, text("doctor.events" if arrive else "doctor.no_events"), ""


def grading(learner: Learner) -> Finding:
    """Whether the solution of some chapter passes on this machine."""
    chapter = next((c for c in learner.chapters if c.targets), None)
    if chapter is None:
        return True, text("doctor.missing"), ""
    report = grade(chapter, learner.solved, learner.project)
    if report.verdict is Verdict.PASSED:
        return True, text("doctor.graded", chapter=chapter.id), ""
    cause = report.reason or ", ".join(report.failures)
    found = text("doctor.not_graded", chapter=chapter.id, cause=cause)
    return False, found, text("doctor.grading_next")


def looks() -> list[tuple[str, Callable[[Learner], Finding]]]:
    """What is looked at, by name."""
    return [
        (text("doctor.python"), python),
        (text("doctor.uv"), uv),
        (text("doctor.packages"), packages),
        (text("doctor.ports"), ports),
        (text("doctor.course"), course),
        (text("doctor.model"), model),
        (text("doctor.files"), files),
        (text("doctor.grading"), grading),
    ]

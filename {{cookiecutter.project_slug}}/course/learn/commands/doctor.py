"""`learn doctor`: whether this machine has what the course needs, and what to type if not."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module

from learn.grading.grader import grade
from learn.grading.verdict import Verdict
from learn.progress.project import Project
from learn.terminal.file_watcher import events_arrive, must_poll
from learn.terminal.messages import text
from learn.terminal.screen import Screen

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


@dataclass(frozen=True)
class Finding:
    """What an examination found."""

    well: bool
    found: str
    remedy: str = ""  # what to type if it is not well


Examination = Callable[[Project], Finding]


def examine(screen: Screen, project: Project) -> int:
    """Show a line for each finding; return 1 if something is wrong."""
    well = True
    for name, examination in examinations():
        with screen.spinner() as spinner:
            spinner.say(name)
            finding = examination(project)
        well = well and finding.well
        mark = text("doctor.ok" if finding.well else "doctor.not") + "  "
        screen.item(f"{name}: {finding.found}", indent=0, mark=mark)
        if not finding.well:
            screen.row("next", finding.remedy, indent=5)
    screen.say("doctor.well" if well else "doctor.ill", style="bold")
    return 0 if well else 1


def python(_: Project) -> Finding:
    """Examine the version of the interpreter."""
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(sys.version_info >= OLDEST_PYTHON, found, text("doctor.python_next"))


def uv(_: Project) -> Finding:
    """Look for what runs the commands."""
    path = shutil.which("uv")
    return Finding(path is not None, path or text("doctor.missing"), text("doctor.uv_next"))


def packages(_: Project) -> Finding:
    """Import what the app and the course need; an installed package may still not load."""
    failed = list(import_failures())
    found = ", ".join(failed) or text("doctor.all_there")
    return Finding(not failed, found, text("doctor.packages_next"))


def import_failures() -> Iterator[str]:
    """Yield the packages that do not load."""
    for name in PACKAGES:
        try:
            import_module(name)
        except Exception as error:
            yield f"{name} ({type(error).__name__})"


def ports(_: Project) -> Finding:
    """Look for a port for graded apps, and for the one on which learners try the app."""
    if not can_bind(0):
        return Finding(False, text("doctor.no_port"), text("doctor.no_port_next"))
    if can_bind(APP_PORT):
        return Finding(True, text("doctor.port_free", port=APP_PORT))
    return Finding(True, text("doctor.port_taken", port=APP_PORT, other=APP_PORT + 1))


def can_bind(port: int) -> bool:
    """Tell whether a server could listen there."""
    with socket.socket() as server:
        if os.name != "nt":
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            server.bind(("127.0.0.1", port))
            return True
    return False


def course(project: Project) -> Finding:
    """Compare the files that grade with their seal."""
    if project.is_open:
        return Finding(True, text("doctor.open"))
    files = project.altered_files()
    found = text("doctor.altered", files=", ".join(files)) if files else text("doctor.unaltered")
    return Finding(not files, found, text("doctor.course_next"))


def model(project: Project) -> Finding:
    """Look for the model that the app serves when the learner tries it; graders bring their own."""
    current = project.folder / os.environ.get("MODELS_DIR", "var/models") / "iris" / "current"
    found = project.display_path(current.parent) if current.exists() else text("doctor.missing")
    return Finding(current.exists(), found, text("doctor.model_next"))


def files(project: Project) -> Finding:
    """Tell whether the system says when a file is saved; without that, polling works too."""
    if must_poll():
        return Finding(True, text("doctor.polling_asked"))
    arrive = events_arrive(project.state / "probe")
    return Finding(True, text("doctor.events" if arrive else "doctor.no_events"))


def grading(project: Project) -> Finding:
    """Grade the solution of a chapter, which must pass on this machine."""
    chapter = next((c for c in project.chapters if c.targets), None)
    if chapter is None:
        return Finding(True, text("doctor.missing"))
    report = grade(chapter, project.solution, project.folder)
    if report.verdict is Verdict.PASSED:
        return Finding(True, text("doctor.graded", chapter=chapter.id))
    cause = report.reason or ", ".join(report.failures)
    found = text("doctor.not_graded", chapter=chapter.id, cause=cause)
    return Finding(False, found, text("doctor.grading_next"))


def examinations() -> list[tuple[str, Examination]]:
    """Return what is examined, by name."""
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

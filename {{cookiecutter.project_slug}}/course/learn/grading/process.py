"""Programs of a graded app: how they start and end, and why one ended by itself."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from learn.chapters.folders import COURSE
from learn.grading.tracebacks import frames, strip_folder

START_SECONDS = 30
DATABASE = "app.sqlite3"  # in the folder of a run
# Only this much of the environment: no setting of the learner's own reaches a graded app.
INHERITED = (
    *("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL"),
    "PYTHONDONTWRITEBYTECODE",  # unset, a start compiles the libraries for the next
)
CAUSE = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Exit)\b")


class NotStarted(Exception):  # noqa: N818
    """The app raised before it answered; `cause` is the exception, `place` the learner's line."""

    def __init__(self, cause: str, place: str) -> None:
        super().__init__(cause)
        self.cause, self.place = cause, place


class CannotGrade(Exception):  # noqa: N818
    """There can be no verdict; the message says why."""


def start(
    command: list[str],
    folder: Path,
    work: Path,
    settings: Mapping[str, object],
    own_group: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start a program of the app, with nothing of this process except what it needs."""
    (work / "probe").mkdir(parents=True, exist_ok=True)
    with (work / "log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            env=environment(work, settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=own_group,
        )


def end(process: "subprocess.Popen[bytes]") -> int:
    """Send SIGTERM, and SIGKILL if that does not help; return the exit status."""
    process.terminate()
    try:
        return process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program that has its own process group, and every process that it forked."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def environment(work: Path, settings: Mapping[str, object]) -> dict[str, str]:
    """Return the environment of a graded app; a setting that is None is left out."""
    defaults = {
        "PYTHONPATH": str(COURSE),
        "PYTHONUNBUFFERED": "1",
        "PROBE_FOLDER": str(work / "probe"),
        "MODELS": "learn.grading.probe:MODELS",
        "DATABASE_URL": database_url(work),
        "SHUTDOWN_SECONDS": "1",
    }
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    given = {name.upper(): value for name, value in settings.items()}
    return kept | {n: str(v) for n, v in (defaults | given).items() if v is not None}


def database_url(work: Path) -> str:
    """Return the address of the database in this folder."""
    return f"sqlite:///{(work / DATABASE).as_posix()}"


def why_it_ended(log: str, status: int, folder: Path) -> Exception:
    """Return NotStarted or CannotGrade for an app that ended before it answered."""
    log = strip_folder(log, folder)
    own = [f"{path}:{line}" for path, line, _ in frames(log)]
    lines = [line.strip() for line in log.replace("\\n", "\n").splitlines() if line.strip()]
    causes = [at for at, line in enumerate(lines) if CAUSE.match(line)]
    if not own or not causes:
        last = f" Its last line: {lines[-1]}" if lines else ""
        return CannotGrade(f"The app ended by itself (status {status}) before it answered.{last}")
    at = causes[-1]
    more = lines[at].endswith(":")  # the next line says which setting is wrong, and how
    cause = " ".join(lines[at : at + 1 + more])
    return NotStarted(cause.rstrip('"}'), own[-1])

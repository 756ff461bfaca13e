"""The app as a process of its own, on a port that it binds itself."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.plan import STEPS

ROOT = Path(__file__).resolve().parents[1]
RUNNING = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")
START_SECONDS = 60
END_SECONDS = 0.2  # from a broken connection to the end of the process
MANY_FILES = 4096  # a connection is a file, and some systems allow a process only 256
FEWEST_FILES = STEPS[-1] + 100  # a connection for each user, and what a process has open besides


class LabError(Exception):
    """The lab cannot go on; the message says why, and what to type next."""


def allow_many_connections() -> None:
    """Raise the limit on open files for this process, and so for those it starts, or LabError."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
        if most < FEWEST_FILES:
            raise LabError(
                f"A process may open only {hard} files here, and the lab needs {FEWEST_FILES}: "
                "with fewer, users fail, and the rates are wrong. Next: raise the hard limit, "
                "which ulimit -Hn shows; it takes an administrator"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    """Return this process's environment, with settings that keep the app away from your data."""
    return os.environ | {
        "APP_ENV": "dev",
        "ALLOWED_HOSTS": "127.0.0.1",
        "ACCESS_LOG": "false",
        "LOOP_WATCHDOG_MS": "0",
        "DATABASE_URL": f"sqlite:///{folder / 'app.sqlite3'}",
        "TASK_ENGINE": "background",
        **settings,
    }


@contextmanager
def served(app: str, **settings: str) -> Iterator[str]:
    """Serve `app`, yield its address, and kill it: nobody needs what is still waiting in it."""
    with TemporaryDirectory() as name:
        log = Path(name, "log")
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", app, "--port", "0", "--no-access-log"],
                cwd=ROOT,
                env=environment(Path(name), settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield address(process, log)
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
                raise LabError(f"The app ended in the middle of a run. {last_words(log)}")
        finally:
            process.kill()
            process.wait()


def address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Return the address once the app listens, or raise LabError with the app's last words."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        found = RUNNING.search(log.read_text("utf-8", "replace"))
        if found:
            return found[1]
        time.sleep(0.02)
    raise LabError(f"The app did not start. {last_words(log)}")


def last_words(log: Path) -> str:
    """Return the end of the app's log, and what to do next."""
    words = "\n".join(log.read_text("utf-8", "replace").splitlines()[-12:])
    return f"Its last words:\n\n{words}\n\nNext: see what it says on its own: uv run python -m app"

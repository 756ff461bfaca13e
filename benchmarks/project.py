"""A generated project to measure: baked from the working tree, trained, installed, served."""

import asyncio
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from benchmarks.load import LoadError, ask_once, get, post
from benchmarks.measure import note
from scripts.generated import example, free_port, interpreter

__all__ = ["free_port", "interpreter"]

ROOT = Path(__file__).resolve().parent.parent
SLUG = "iris-service"
LIVE = "/health/live"
PREDICT = "/v1/predict"
FEATURES = ROOT / "{{cookiecutter.project_slug}}" / "app" / "models" / "iris" / "features.py"
FLOWER = example(runpy.run_path(str(FEATURES))["Features"].model_json_schema())
ASK_LIVE = get(LIVE)
ASK_PREDICT = post(PREDICT, json.dumps(FLOWER).encode())
LONGEST_START_SECONDS = 120
LONGEST_STEP_SECONDS = 600
Process = subprocess.Popen[bytes]

# The project's .env is for development.
AS_IN_PRODUCTION = {"LOOP_WATCHDOG_MS": "0"}

# The last three would lead uv to another project, and to that one's environment.
FOREIGN = (
    *("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "COOKIECUTTER_CONFIG"),
    *("UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_WORKING_DIRECTORY"),
)


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without what would change a tool's behaviour."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, "UV_PYTHON_DOWNLOADS": "never", **extra}


class FailedError(Exception):
    """A command failed; the message is the last line of its output, `said` is all of it."""

    def __init__(self, said: str) -> None:
        """Take everything that the command said."""
        super().__init__((said.strip().splitlines() or ["it said nothing"])[-1])
        self.said = said


def timed(command: Sequence[object], folder: Path, stdin: str = "", **extra: str) -> float:
    """Run a command to its end and return its seconds; FailedError on a bad status."""
    began = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=clean_environment(**extra),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LONGEST_STEP_SECONDS,
    )
    if done.returncode:
        raise FailedError(done.stdout)
    return time.perf_counter() - began


def run(command: Sequence[object], folder: Path, **extra: str) -> float:
    """Run a command to its end and return its seconds; if it fails, end this program too."""
    try:
        return timed(command, folder, **extra)
    except FailedError as error:
        sys.exit(f"This failed: {' '.join(map(str, command))}\n{error.said}")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make an empty folder, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        yield Path(name)


def cookiecutter(template: Path, folder: Path, *answers: str) -> list[str]:
    """Return the command that generates a project in the folder, with the packages here."""
    options = ["--no-input", "--default-config", "--output-dir", str(folder)]
    return [sys.executable, "-m", "cookiecutter", *options, str(template), *answers]


def bake(folder: Path, *answers: str) -> Path:
    """Generate the default project but for these answers, and train with this scikit-learn."""
    note("Generating the project and training its model")
    run(cookiecutter(ROOT, folder, *answers), folder)
    project = folder / SLUG
    run([sys.executable, "-m", "app.models", "train"], project)
    return project


def find_uv() -> str | None:
    """Return the uv that make found or fetched, or the one on the path; None if there is none."""
    local = ROOT / ".tools" / "bin" / "uv"
    return os.environ.get("UV") or shutil.which("uv") or (str(local) if local.exists() else None)


@contextmanager
def started(
    command: Sequence[object], folder: Path, log: Path, environment: Mapping[str, str]
) -> Iterator[Process]:
    """Start a process, and stop it at the end by its pid; what it says is in the log."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=clean_environment(**{**AS_IN_PRODUCTION, **environment}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: Process) -> None:
    """Ask the process to stop, and insist after a while."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def first_answer(process: Process, port: int, request: bytes, log: Path) -> None:
    """Ask until a good answer comes; give up when the process stops, or after a long while."""
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            await ask_once(port, request)
            return
        except OSError:
            await asyncio.sleep(0.005)
        except LoadError as error:
            give_up(str(error), log)
    give_up("The server did not answer.", log)


def wait_for_answer(process: Process, port: int, request: bytes, log: Path) -> None:
    """Do what `first_answer` does, outside an event loop."""
    asyncio.run(first_answer(process, port, request, log))


def give_up(why: str, log: Path) -> NoReturn:
    """Stop with what the server said."""
    sys.exit(f"{why}\n{log.read_text(encoding='utf-8')}")

"""What several tests need: where things are, commands in a clean environment, a served project."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.request import Request, urlopen

import pytest

from scripts.generated import free_port, wait_until_live

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
SCRATCH = ROOT / "build" / "tests"
LONGEST_COMMAND_SECONDS = 2400

QUESTIONS: dict[str, Any] = {
    name: default
    for name, default in json.loads((ROOT / "cookiecutter.json").read_text("utf-8")).items()
    if not name.startswith("_")
}
CHOICES: dict[str, list[str]] = {
    name: default for name, default in QUESTIONS.items() if isinstance(default, list)
}

# One project of each kind, where one test looks at all of them.
EDITIONS: dict[str, dict[str, str]] = {
    "service": {},
    "celery": {"task_engine": "celery"},
    "showcases": {"showcases": "all"},
    "course": {"edition": "course"},
}


# The project's longest tests (real kills, hostile clients, workers that do not start, versions that
# are swapped, the page that trains other models) do the same in every environment, whatever the
# answers: tests/test_output.py runs them once, where Celery is.
ONCE = [
    "tests/serving/test_versions.py",
    "tests/tasks/test_survival.py",
    "tests/tasks/test_celery_worker.py",
    "tests/tasks/test_folder_broker.py",
    "tests/test_strangers.py",
    "tests/test_start.py::test_a_worker_that_cannot_start_leaves_the_others_alone",
    "tests/test_start.py::test_a_worker_that_does_not_stop_is_killed_which_is_no_success",
    "tests/test_start.py::test_a_restart_kills_a_worker_that_does_not_stop",
    "tests/test_start.py::test_a_restart_goes_on_once_a_damaged_model_is_replaced",
    "tests/test_start.py::test_the_others_are_looked_after_during_a_restart",
    "tests/test_start.py::test_a_second_ctrl_c_waits_for_no_worker",
    "tests/test_start.py::test_what_never_returns_does_not_keep_it_from_ending",
    "tests/test_start.py::test_workers_end_in_order_on_sighup_and_with_their_parent",
    "tests/test_docs.py::test_the_page_about_your_own_model_works_to_the_letter",
]

# How a server starts, stops and logs can depend on Python and on the libraries, but on no answer:
# these run in each fresh environment (the oldest Python, the newest, the oldest libraries). Where
# they do not, other tests start servers.
OF_SERVERS = [
    "tests/kit/test_log_stream.py",
    "tests/kit/watchdog/test_server.py",
    "tests/storage/test_sqlite_files.py",
    "tests/test_start.py",
]


def without(tests: Sequence[str]) -> list[str]:
    """Return the options of pytest that leave these tests out, and keep no cache."""
    return ["-q", "-p", "no:cacheprovider", *(f"--deselect={test}" for test in tests)]


# The machines' tests start a server of AWS for each; they run in the raw template.
OF_MACHINES = ["tests/showcases/machines"]

WITHOUT_LONG = without(ONCE + OF_MACHINES)
WITHOUT_SERVERS = without(ONCE + OF_SERVERS)

# For a project in a folder of its own: its many programs, and the libraries of a fresh environment,
# are compiled when the first one needs them.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


class Bake(Protocol):
    """Generate a project into a new folder and return where it is."""

    def __call__(self, **answers: str) -> Path:
        """Take the answers by name; the others keep their defaults."""


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without variables that would change a tool's behaviour.

    Every cache goes to the scratch folder: a cache in the template would be copied into projects.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    foreign = ("PYTEST_", "COV_", "COVERAGE_", "GIT_", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {
        **kept,
        "PYTHONDONTWRITEBYTECODE": "1",
        "RUFF_NO_CACHE": "true",
        "MYPY_CACHE_DIR": str(SCRATCH / f"mypy-{worker}"),
        "COVERAGE_FILE": str(SCRATCH / f"coverage-{worker}"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "A Test" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "test@example.org" for who in ("AUTHOR", "COMMITTER")},
        **extra,
    }


def run(command: Sequence[object], folder: Path, **extra: str) -> str:
    """Run a command to its end and return its output; fail with all of it on a bad status.

    Its output goes to a file: a process that it leaves behind would keep a pipe open for ever.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=clean_environment(**extra),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                status = f"exited {process.wait(LONGEST_COMMAND_SECONDS)}"
            except subprocess.TimeoutExpired:
                status = f"did not end in {LONGEST_COMMAND_SECONDS} s"
            finally:
                kill_if_running(process)
        output.seek(0)
        said = output.read()
    if process.returncode:
        words = " ".join(str(word) for word in command)
        pytest.fail(f"{words}\n{status} in {folder}:\n{said}", pytrace=False)
    return said


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module in this environment."""
    return [sys.executable, "-m", name, *arguments]


def script(name: str) -> Path:
    """Return a command of this environment."""
    return Path(sys.executable).with_name(name)


def uv() -> str:
    """Return the uv that make found or installed."""
    local = ROOT / ".tools" / "bin" / "uv"
    found = os.environ.get("UV") or shutil.which("uv") or (str(local) if local.exists() else None)
    return found or pytest.fail("uv is missing; `make test` brings one")


def tree(folder: Path) -> set[str]:
    """Return the path of every file below a folder, with forward slashes."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def tracked(folder: Path) -> set[str]:
    """Return the files below a folder that git has or would add; it adds no ignored ones."""
    listed = run(["git", "ls-files", "-z", "-co", "--exclude-standard", "--", "."], folder)
    return {name for name in listed.split("\0") if name and (folder / name).exists()}


def request(
    url: str,
    body: Mapping[str, Any] | None = None,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Send JSON over real HTTP, and return the JSON of the response."""
    content = None if body is None else json.dumps(body).encode()
    known = {"Content-Type": "application/json", **(headers or {})}
    sent = Request(url, content, known, method=method)  # noqa: S310
    with urlopen(sent, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


@contextmanager
def started(
    command: Sequence[object],
    folder: Path,
    log: Path,
    keyboard: IO[str] | None = None,
    **extra: str,
) -> Iterator["subprocess.Popen[str]"]:
    """Run a command in its own process group, its output to a file; stop it as Ctrl-C does."""
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=clean_environment(**extra),
            stdin=keyboard or subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            try:
                interrupt(process)
            finally:
                kill_if_running(process)


def kill_if_running(process: "subprocess.Popen[str]") -> None:
    """Kill the group of a process that did not end: Popen would wait for it without a limit."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def interrupt(process: "subprocess.Popen[str]") -> int:
    """Send the whole group what a terminal sends on Ctrl-C, and return the exit status."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    return process.wait(timeout=30)


@contextmanager
def served(project: Path, log: Path, **extra: str) -> Iterator[str]:
    """Serve a generated project on a free port with this environment's packages; give its URL."""
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with started(module("app"), project, log, None, PORT=port, **extra) as process:
        if not wait_until_live(url, process):
            pytest.fail(f"{url} did not answer; the process's status: {process.poll()}")
        yield url


def image_check(project: Path) -> list[str]:
    """Return the health check of a project's image, a list of words in JSON."""
    dockerfile = (project / "Dockerfile").read_text("utf-8")
    [check] = re.findall(r"^HEALTHCHECK .*?CMD (.*)$", dockerfile, re.MULTILINE)
    words: list[str] = json.loads(check)
    return words


def is_healthy(check: Sequence[str], **variables: str) -> bool:
    """Run a container's health check with this Python, behind a proxy that does not answer."""
    assert check[0] == "python"
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY"), "http://127.0.0.1:9")
    environment = clean_environment(**proxy, **variables)
    command = [sys.executable, *check[1:]]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    return done.returncode == 0

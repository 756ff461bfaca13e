"""From a learner's files to a verdict."""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, cast

from learn.chapters import Chapter, Files
from learn.handout import read_files, solved_files
from learn.process import COURSE
from learn.traces import as_the_learners, written
from learn.workspace import composed, write_app

GRADING_SECONDS = 120
ENDING_SECONDS = 10


class Verdict(StrEnum):
    """How a grading ended."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_GRADE = "could not grade"
    ALTERED = "altered"

    @property
    def exit_code(self) -> int:
        """What the command ends with: 0 passed, 1 failed, 3 could not grade."""
        return {"passed": 0, "failed": 1}.get(self.value, 3)


@dataclass
class Report:
    """What came of grading a chapter."""

    chapter: str
    seed: int
    verdict: Verdict = Verdict.CANNOT_GRADE
    reason: str = ""  # where there is no verdict: why
    results: list[dict[str, Any]] = field(default_factory=list)  # one for each check that was run
    log: str = ""  # what the app wrote

    @property
    def failures(self) -> list[str]:
        """The ids of the checks that said no."""
        return [result["check"] for result in self.results if not result["passed"]]


def grade(
    chapter: Chapter,
    files: Files,
    project: Path,
    seed: int | None = None,
    stop: bool = True,
    listener: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Report:
    """Grade these files of the chapter in an otherwise solved copy of the app.

    `files` are the learner's, by path. Those that the chapter asks for are graded, and with them
    those that the course does not know; in place of all others stand the solved ones.
    """
    report = Report(chapter.id, secrets.randbelow(10_000) if seed is None else seed)
    with tempfile.TemporaryDirectory(prefix="learn-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        solved = solved_files(COURSE.parent)
        write_app(folder, composed(chapter, files, solved), solved, cache_folder())
        job = {
            "nonce": secrets.token_hex(),
            "chapter": chapter.folder.name,
            "folder": str(folder),
            "project": str(project),
            "seed": report.seed,
            "stop": stop,
        }
        run_grader(job, report, listener)
        report.log = as_the_learners(written(folder), folder)
    judge(report, chapter)
    return report


def state_folder() -> Path:
    """Where `learn` keeps what it notes; not in git. `LEARN_STATE` names another place."""
    return Path(os.environ.get("LEARN_STATE") or COURSE.parent / ".learn")


def cache_folder() -> Path:
    """Where compiled copies of the app lie; `LEARN_CACHE` names another place."""
    return Path(os.environ.get("LEARN_CACHE") or state_folder() / "cache")


def learners_files(project: Path) -> Files:
    """The app as the learner has it."""
    return read_files(project)


def run_grader(
    job: dict[str, Any], report: Report, listener: Callable[[dict[str, Any]], None]
) -> None:
    """Run the grader in a process of its own."""
    command = [sys.executable, "-P", "-c", BOOT, str(COURSE)]
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as process:
        timer = threading.Timer(GRADING_SECONDS, process.kill)
        timer.start()
        try:
            take_down(process, job, report, listener)
        except BaseException as error:
            if not isinstance(error, KeyboardInterrupt):  # of that the terminal tells the grader
                process.send_signal(signal.SIGINT)  # it ends its servers
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDING_SECONDS)
            raise
        finally:
            timer.cancel()


def take_down(
    process: "subprocess.Popen[str]",
    job: dict[str, Any],
    report: Report,
    listener: Callable[[dict[str, Any]], None],
) -> None:
    """Give the grader its job; take down what it says with the job's nonce."""
    with suppress(BrokenPipeError), cast("IO[str]", process.stdin) as stdin:
        stdin.write(json.dumps(job) + "\n")
    for line in cast("IO[str]", process.stdout):
        said = heard(line, job["nonce"])
        listener(said)
        if "check" in said:
            report.results.append(said)
        report.reason = said.get("cannot_grade", report.reason)
        if said.get("done"):
            report.verdict = Verdict.FAILED  # there is a verdict; `judge` says which


BOOT = """
import sys
sys.path.insert(0, sys.argv[1])
from learn.grade import main
main()
"""


def heard(line: str, nonce: str) -> dict[str, Any]:
    """A line that the grader said; nothing of a line without its nonce."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) and said.pop("nonce", None) == nonce else {}


def judge(report: Report, chapter: Chapter) -> None:
    """Passed is only what ran to its end, with every check of the chapter passed."""
    if report.reason:
        report.verdict = Verdict.CANNOT_GRADE
    elif report.verdict is not Verdict.FAILED:
        report.reason = "The grader ended without a verdict."
    elif not report.failures:
        if [result["check"] for result in report.results] == chapter.checks and chapter.checks:
            report.verdict = Verdict.PASSED
        else:
            report.verdict = Verdict.CANNOT_GRADE
            report.reason = "The grader did not run the checks that the chapter has."

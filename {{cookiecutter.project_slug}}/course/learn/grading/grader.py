"""Grade a learner's files: run a chapter's grader in a process of its own, and judge its lines."""

import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from learn.chapters.chapter import Chapter
from learn.chapters.files import Files
from learn.chapters.folders import COURSE, cache_folder
from learn.chapters.handout import solved_files
from learn.chapters.workspace import compose, write_app
from learn.grading.report import CheckResult, Report, draw_seed
from learn.grading.tracebacks import read_logs, strip_folder
from learn.grading.verdict import Verdict
from learn.grading.wire import Done, Job, Line, Refusal, decode_line, encode_job

GRADING_SECONDS = 120
ENDING_SECONDS = 10

BOOT = """
import sys
sys.path.insert(0, sys.argv[1])
from learn.grading.runner import main
main()
"""

Listener = Callable[[Line], None]


def grade(
    chapter: Chapter,
    files: Files,
    project: Path,
    seed: int | None = None,
    stop: bool = True,
    listener: Listener = lambda _: None,
) -> Report:
    """Grade these files of the chapter in an otherwise solved copy of the app.

    `files` are the learner's, by path. Those that the chapter asks for are graded, together with
    those that the course does not know; every other file is the solved one.
    """
    report = Report(chapter.id, draw_seed() if seed is None else seed)
    with tempfile.TemporaryDirectory(prefix="learn-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        solved = solved_files(COURSE.parent)
        write_app(folder, compose(chapter, files, solved), solved, cache_folder())
        job = Job(
            nonce=secrets.token_hex(),
            chapter=chapter.folder.name,
            folder=str(folder),
            project=str(project),
            seed=report.seed,
            stop=stop,
        )
        done = run_grader(job, report, listener)
        report.log = strip_folder(read_logs(folder), folder)
    judge(report, chapter, done)
    return report


def run_grader(job: Job, report: Report, listener: Listener) -> bool:
    """Run the grader in a process of its own; return whether it ran to its end."""
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
            return record_lines(process, job, report, listener)
        except BaseException as error:
            if not isinstance(error, KeyboardInterrupt):  # the terminal sends that one itself
                process.send_signal(signal.SIGINT)  # the grader ends its servers
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDING_SECONDS)
            raise
        finally:
            timer.cancel()


def record_lines(
    process: "subprocess.Popen[str]", job: Job, report: Report, listener: Listener
) -> bool:
    """Give the grader its job and record what it says; return whether it ran to its end."""
    done = False
    with suppress(BrokenPipeError), cast("IO[str]", process.stdin) as stdin:
        stdin.write(encode_job(job))
    for text in cast("IO[str]", process.stdout):
        line = decode_line(text, job.nonce)
        if line is None:
            continue
        listener(line)
        match line:
            case CheckResult():
                report.results.append(line)
            case Refusal(reason):
                report.reason = reason
            case Done():
                done = True
    return done


def judge(report: Report, chapter: Chapter, done: bool) -> None:
    """Set the verdict; only a run that reached its end, with every check, has passed."""
    if report.reason:
        return
    if not done:
        report.reason = "The grader ended without a verdict."
    elif report.failures:
        report.verdict = Verdict.FAILED
    elif chapter.checks and [r.check for r in report.results] == chapter.check_ids:
        report.verdict = Verdict.PASSED
    else:
        report.reason = "The grader did not run the checks that the chapter has."

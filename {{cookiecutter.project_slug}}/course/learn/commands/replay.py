"""`learn replay`: the last request that failed, to be sent again by hand."""

import json
import os
import re
import shlex
import subprocess

from learn.chapters.chapter import Chapter
from learn.grading.report import CheckResult, Evidence, Report
from learn.grading.tracebacks import exception_of, frames
from learn.progress.project import Project
from learn.terminal.errors import LearnError
from learn.terminal.messages import text
from learn.terminal.screen import Screen

OWN_URL = "http://127.0.0.1:8000"
GRADED_URL = re.compile(r"http://127\.0\.0\.1:\d+")
LOG_LINES = 12
RUN = re.compile(r"((.)\2{99,})", re.DOTALL)  # a character a hundred times in a row, or more


def show_replay(screen: Screen, project: Project, chapter: Chapter | None = None) -> int:
    """Show the last request that failed as a command, and what the app wrote meanwhile."""
    report = project.last_report()
    failure = report.first_failure if report else None
    if not report or not failure:
        raise LearnError("replay.none", 1)
    if chapter and chapter.id != report.chapter:
        raise LearnError("replay.other", 1, chapter=chapter.id, last=report.chapter)
    screen.say("replay.title", style="bold", chapter=report.chapter)
    screen.say("replay.seed", chapter=report.chapter, seed=report.seed)
    if failure.not_started:
        screen.say("replay.not_started", place=failure.place, cause=failure.cause)
    elif not failure.evidence.curl:
        screen.say("replay.no_curl", sent=failure.sent)
    else:
        show_request(screen, failure.evidence)
    screen.line()
    screen.say("replay.log", style="bold")
    for line in log_lines(report, failure):
        screen.block(f"  {line}")
    return 0


def show_request(screen: Screen, evidence: Evidence) -> None:
    """Show how to start the app as the check did, what to send first, and the request."""
    screen.say("replay.how")
    screen.block("    uv run python -m app.models train")
    screen.block("\n".join(f"    {line}" for line in start_commands(evidence)))
    screen.say("replay.model")
    if evidence.before:
        screen.say("replay.before")
        for curl in evidence.before:
            screen.block(own_command(curl))
        screen.say("replay.then")
    screen.block(own_command(evidence.curl), "bold")


def start_commands(evidence: Evidence) -> list[str]:
    """Return the commands that start the learner's own app as the check did."""
    settings, start = evidence.settings, f"uv run python -m {evidence.program}"
    if os.name == "nt":
        return [*(f'set "{name}={value}"' for name, value in settings.items()), start]
    return [" ".join([*(f"{name}={shlex.quote(v)}" for name, v in settings.items()), start])]


def own_command(curl: str) -> str:
    """Return the request to the learner's own app; on Windows quoted for its command prompt."""
    words = shlex.split(GRADED_URL.sub(OWN_URL, curl))
    return subprocess.list2cmdline(words) if os.name == "nt" else " ".join(map(quote, words))


def quote(word: str) -> str:
    """Quote a word for a shell; a long run of one character is printed by a command."""
    if not RUN.search(word):
        return shlex.quote(word)
    pieces = RUN.split(word)  # what is between the runs, a run, its character, and so on
    runs = [
        f"\"$(printf '{mark}%.0s' $(seq {len(run)}))\"" if mark.isalnum() else shlex.quote(run)
        for run, mark in zip(pieces[1::3], pieces[2::3], strict=True)
    ]
    others = [shlex.quote(piece) if piece else "" for piece in pieces[::3]]
    return "".join(piece for pair in zip(others, [*runs, ""], strict=True) for piece in pair)


def log_lines(report: Report, failure: CheckResult) -> list[str]:
    """Return what the app wrote about the request or an exception; else its last lines."""
    lines = [line for line in report.log.splitlines() if line.strip()]
    evidence = failure.evidence
    sign = evidence.request_id or (evidence.trace and '"exception"')
    found = [line for line in lines if sign and sign in line]
    shown = [piece for line in (found or lines)[-LOG_LINES:] for piece in log_line_in_words(line)]
    return shown or [text("replay.no_log")]


def log_line_in_words(line: str) -> list[str]:
    """Return a line of JSON in words; of an exception, the learner's own lines and its message."""
    try:
        said = json.loads(line)
        level, event = said.pop("level"), said.pop("event")
    except (ValueError, KeyError, AttributeError, TypeError):
        return [line]
    trace = str(said.pop("exception", ""))
    for name in ("timestamp", "request_id"):
        said.pop(name, None)
    first = " ".join([f"{level:<8}{event}", *(f"{name}={value}" for name, value in said.items())])
    own = [f"  {file}:{number} in {name}" for file, number, name in frames(trace)]
    return [first, *own, *([f"  {exception}"] if (exception := exception_of(trace)) else [])]

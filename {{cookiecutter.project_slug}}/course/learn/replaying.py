"""`learn replay`: the last request that failed, to be sent again by hand."""

import json
import os
import re
import shlex
import subprocess
from typing import Any

from learn.chapters import Chapter
from learn.grading import Report
from learn.learner import Learner, LearnError
from learn.messages import text
from learn.screens import Screen
from learn.traces import frames, last_word

OWN_URL = "http://127.0.0.1:8000"
GRADED_URL = re.compile(r"http://127\.0\.0\.1:\d+")
LOG_LINES = 12
RUN = re.compile(r"((.)\2{99,})", re.DOTALL)  # the same mark a hundred times and more


def replay(screen: Screen, learner: Learner, chapter: Chapter | None = None) -> int:
    """The last request that failed, as a command, and what the app wrote meanwhile."""
    report = learner.last()
    failed = next((r for r in report.results if not r["passed"]), None) if report else None
    if not report or not failed:
        raise LearnError("replay.none", 1)
    if chapter and chapter.id != report.chapter:
        raise LearnError("replay.other", 1, chapter=chapter.id, last=report.chapter)
    screen.say("replay.title", style="bold", chapter=report.chapter)
    screen.say("replay.seed", chapter=report.chapter, seed=report.seed)
    if failed.get("not_started"):
        screen.say("replay.not_started", place=failed["place"], cause=failed["cause"])
    elif not failed.get("curl"):
        screen.say("replay.no_curl", sent=failed.get("sent", ""))
    else:
        show_request(screen, failed)
    screen.line()
    screen.say("replay.log", style="bold")
    for line in log_lines(report, failed):
        screen.as_is(f"  {line}")
    return 0


def show_request(screen: Screen, failed: dict[str, Any]) -> None:
    """How to start the app as the check did, what to send first, and the request."""
    screen.say("replay.how")
    screen.as_is("    uv run python -m app.models.iris.train")
    screen.as_is("\n".join(f"    {line}" for line in starting(failed)))
    screen.say("replay.model")
    if before := failed.get("before"):
        screen.say("replay.before")
        for curl in before:
            screen.as_is(as_command(curl))
        screen.say("replay.then")
    screen.as_is(as_command(failed["curl"]), "bold")


def starting(failed: dict[str, Any]) -> list[str]:
    """The commands that start the learner's own app as the check did."""
    settings: dict[str, str] = failed.get("settings", {})
    start = f"uv run python -m {failed.get('program') or 'app'}"
    if os.name == "nt":
        return [*(f'set "{name}={value}"' for name, value in settings.items()), start]
    return [" ".join([*(f"{name}={shlex.quote(v)}" for name, v in settings.items()), start])]


def as_command(curl: str) -> str:
    """The request for the learner's own app; on Windows in the quotes of its command prompt."""
    words = shlex.split(GRADED_URL.sub(OWN_URL, curl))
    return subprocess.list2cmdline(words) if os.name == "nt" else " ".join(map(quoted, words))


def quoted(word: str) -> str:
    """A word for a shell; what is the same mark again and again is printed by it."""
    if not RUN.search(word):
        return shlex.quote(word)
    pieces = RUN.split(word)  # what is between the runs, a run, its mark, and so on
    runs = [
        f"\"$(printf '{mark}%.0s' $(seq {len(run)}))\"" if mark.isalnum() else shlex.quote(run)
        for run, mark in zip(pieces[1::3], pieces[2::3], strict=True)
    ]
    others = [shlex.quote(piece) if piece else "" for piece in pieces[::3]]
    return "".join(piece for pair in zip(others, [*runs, ""], strict=True) for piece in pair)


def log_lines(report: Report, failed: dict[str, Any]) -> list[str]:
    """What the app wrote about the request, or of an exception; else its last lines."""
    lines = [line for line in report.log.splitlines() if line.strip()]
    sign = failed.get("request_id") or (failed.get("trace") and '"exception"')
    found = [line for line in lines if sign and sign in line]
    shown = [piece for line in (found or lines)[-LOG_LINES:] for piece in readable(line)]
    return shown or [text("replay.no_log")]


def readable(line: str) -> list[str]:
    """A line of JSON as words; of an exception, the learner's own lines and its last word."""
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
    return [first, *own, *([f"  {word}"] if (word := last_word(trace)) else [])]

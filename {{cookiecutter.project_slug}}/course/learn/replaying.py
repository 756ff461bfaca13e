"""`learn replay`: the last request that failed, to be sent again by hand."""

import json
import os
import re
import shlex
import subprocess

from learn.grading import Report
from learn.learner import Learner, LearnError
from learn.messages import text
from learn.screens import Screen

OWN_URL = "http://127.0.0.1:8000"
GRADED_URL = re.compile(r"http://127\.0\.0\.1:\d+")
REQUEST_ID = re.compile(r'"request_id": ?"([^"]+)"')
LOG_LINES = 12
FRAME = re.compile(r'File "[^"]*?((?:app|tests)/[^"]+)", line (\d+), in (\S+)')


def replay(screen: Screen, learner: Learner) -> int:
    """The last request that failed, as a command, and what the app wrote meanwhile."""
    report = learner.last()
    failed = next((r for r in report.results if not r["passed"]), None) if report else None
    if not report or not failed:
        raise LearnError("replay.none", 1)
    screen.say("replay.title", style="bold", chapter=report.chapter, seed=report.seed)
    if failed.get("not_started"):
        screen.say("replay.not_started", place=failed["place"], cause=failed["cause"])
    elif not failed.get("curl"):
        screen.say("replay.no_curl", sent=failed.get("sent", ""))
    else:
        screen.as_is(as_command(failed["curl"]), "bold")
        screen.say("replay.how")
        screen.as_is("    uv run python -m app.model.train\n    uv run python -m app")
        screen.say("replay.model")
    screen.line()
    screen.say("replay.log", style="bold")
    for line in log_lines(report, failed):
        screen.as_is(f"  {line}")
    return 0


def as_command(curl: str) -> str:
    """The request for the learner's own app; on Windows in the quotes of its command prompt."""
    own = GRADED_URL.sub(OWN_URL, curl)
    return subprocess.list2cmdline(shlex.split(own)) if os.name == "nt" else own


def log_lines(report: Report, failed: dict[str, object]) -> list[str]:
    """What the app wrote about the request, if its answer names it; else the last lines."""
    lines = [line for line in report.log.splitlines() if line.strip()]
    found = REQUEST_ID.search(str(failed.get("got", "")))
    of_request = [line for line in lines if found and found[1] in line]
    shown = [piece for line in of_request or lines[-LOG_LINES:] for piece in readable(line)]
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
    frames = [f"  {file}:{number} in {name}" for file, number, name in FRAME.findall(trace)]
    return [first, *frames, *(f"  {end}" for end in trace.strip().split("\n")[-1:] if end)]

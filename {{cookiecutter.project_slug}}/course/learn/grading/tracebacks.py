"""The exceptions that a graded app logged: the learner's lines in them, and what they say."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# A file of the graded copy: its path is relative, those of Python and of libraries are not.
OWN_FRAME = re.compile(r'File "([^"<:/\\][^":]*)", line (\d+)(?:, in ([\w<>]+))?')
EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:: .*)?$", re.MULTILINE)

Frame = tuple[str, str, str]  # a file as the learner calls it, a line, and a function


def strip_folder(log: str, folder: Path) -> str:
    """Return a log in which the files of the graded copy have the paths that the learner knows."""
    head = f"{folder}{os.sep}"
    return log.replace(head, "").replace(json.dumps(head)[1:-1], "")


def read_logs(folder: Path) -> str:
    """Return what the programs of a graded copy wrote, one after the other."""
    return "".join(path.read_text("utf-8", "replace") for path in sorted(folder.glob("*/log")))


def frames(log: str) -> list[Frame]:
    """Return the app's own lines in the tracebacks of a log, JSON or not."""
    flat = log.replace("\\\\", "/").replace('\\"', '"')
    return [(path.replace("\\", "/"), *rest) for path, *rest in OWN_FRAME.findall(flat)]


def last_place(log: str, files: list[str]) -> str:
    """Return the last line in these files on the way to an exception; empty if there is none."""
    places = [f"{path}:{line}" for path, line, _ in frames(log) if path in files]
    return places[-1] if places else ""


def exception_of(trace: str) -> str:
    """Return the type and the message of a traceback's exception."""
    found = EXCEPTION.findall(trace)
    return found[-1] if found else ""


def json_lines(log: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log that are JSON objects."""
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def logged_tracebacks(log: str, request_id: str = "") -> list[str]:
    """Return the tracebacks in a log; those of one request, if its id is given."""
    return [
        str(entry["exception"])
        for entry in json_lines(log)
        if entry.get("exception") and request_id in ("", entry.get("request_id"))
    ]

"""The exceptions that a graded app logged: the learner's own lines in them, and their last word."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# A file of the graded copy: its path is relative, those of Python and of libraries are not.
OWN_FRAME = re.compile(r'File "([^"<:/\\][^":]*)", line (\d+)(?:, in ([\w<>]+))?')
LAST_WORD = re.compile(r"^[A-Za-z_][\w.]*(?:: .*)?$", re.MULTILINE)

Frame = tuple[str, str, str]  # a file as the learner calls it, a line, and a function


def as_the_learners(log: str, folder: Path) -> str:
    """A log in which the files of the graded copy are called what the learner calls them."""
    head = f"{folder}{os.sep}"
    return log.replace(head, "").replace(json.dumps(head)[1:-1], "")


def written(folder: Path) -> str:
    """What the programs of a graded copy wrote, one after the other."""
    return "".join(path.read_text("utf-8", "replace") for path in sorted(folder.glob("*/log")))


def frames(log: str) -> list[Frame]:
    """The lines of the app itself in the tracebacks of a log, be it JSON or not."""
    flat = log.replace("\\\\", "/").replace('\\"', '"')
    return [(path.replace("\\", "/"), *rest) for path, *rest in OWN_FRAME.findall(flat)]


def own_place(log: str, files: list[str]) -> str:
    """The last line in these files on the way to an exception; empty where there is none."""
    own = [f"{path}:{line}" for path, line, _ in frames(log) if path in files]
    return own[-1] if own else ""


def last_word(trace: str) -> str:
    """What an exception is, and what it says."""
    found = LAST_WORD.findall(trace)
    return found[-1] if found else ""


def said_lines(log: str) -> Iterator[dict[str, Any]]:
    """The lines of a log that are JSON."""
    for line in log.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


def exceptions(log: str, request_id: str = "") -> list[str]:
    """The tracebacks in a log; of one request, if its id is given."""
    return [
        str(said["exception"])
        for said in said_lines(log)
        if said.get("exception") and request_id in ("", said.get("request_id"))
    ]

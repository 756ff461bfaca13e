"""What goes between the command and a grader's process: a job in, and lines of JSON out.

Every line that goes out carries the nonce of the job. A line without it was not written by the
grader, so it is ignored.
"""

import json
from dataclasses import asdict, dataclass

from learn.grading.report import CheckResult, parse_result


@dataclass(frozen=True)
class Job:
    """What a grader is asked to do."""

    nonce: str
    chapter: str  # the name of its folder
    folder: str  # the copy of the app
    project: str  # the learner's own project
    seed: int
    stop: bool  # after the first failure


@dataclass(frozen=True)
class CheckBegun:
    """A check begins."""

    begun: str


@dataclass(frozen=True)
class Done:
    """The checks were run, and what was said of them is a verdict."""

    done: bool = True


@dataclass(frozen=True)
class Refusal:
    """There can be no verdict."""

    cannot_grade: str


Line = CheckBegun | CheckResult | Done | Refusal


def encode_job(job: Job) -> str:
    """Return a job as a line."""
    return json.dumps(asdict(job)) + "\n"


def decode_job(line: str) -> Job:
    """Return the job of a line."""
    return Job(**json.loads(line))


def encode_line(line: Line, nonce: str) -> str:
    """Return what a grader says as a line with its nonce."""
    return json.dumps({"nonce": nonce, **asdict(line)}) + "\n"


def decode_line(text: str, nonce: str) -> Line | None:
    """Return what a grader said; None where the line does not have its nonce."""
    try:
        said = json.loads(text)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.pop("nonce", None) != nonce:
        return None
    if "check" in said:
        return parse_result(said)
    if "begun" in said:
        return CheckBegun(**said)
    return Done() if said.get("done") else Refusal(**said)

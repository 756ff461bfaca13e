"""The report of a grading: its verdict, the result of each check, and what the checks saw."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from learn.grading.verdict import Verdict

SEEDS = 10_000

Json = Any  # whatever JSON can be


def draw_seed() -> int:
    """Return a new seed for the inputs of a grading; `--seed` repeats it."""
    return secrets.randbelow(SEEDS)


@dataclass(frozen=True)
class Evidence:
    """What a learner can look at, or send again, after a check failed."""

    curl: str = ""  # the request; empty where the check is not about one
    request_id: str = ""
    trace: str = ""  # the traceback that the app logged
    program: str = "app"  # what `python -m` starts: the app, or that of the chapter
    settings: dict[str, str] = field(default_factory=dict)  # what the check set for the app
    before: list[str] = field(default_factory=list)  # earlier requests that changed something


@dataclass(frozen=True)
class CheckResult:
    """The result of one check that was run."""

    check: str
    passed: bool
    why: str = ""  # a key of the chapter's `[why]`
    sent: str = ""
    got: str = ""
    expected: str = ""
    facts: dict[str, Json] = field(default_factory=dict)  # the parameters of the text of `why`
    not_started: bool = False  # the app raised before it answered:
    place: str = ""  # here,
    cause: str = ""  # this
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def is_crash(self) -> bool:
        """The app answered 500 where something else was expected."""
        return self.got.startswith("500") and not self.expected.startswith("500")


@dataclass
class Report:
    """The outcome of grading a chapter."""

    chapter: str
    seed: int
    verdict: Verdict = Verdict.COULD_NOT_GRADE
    reason: str = ""  # why it was not graded, or has no verdict
    results: list[CheckResult] = field(default_factory=list)  # one for each check that was run
    log: str = ""  # what the app wrote

    @property
    def first_failure(self) -> CheckResult | None:
        """The first check that failed."""
        return next((result for result in self.results if not result.passed), None)

    @property
    def failures(self) -> list[str]:
        """The ids of the checks that failed."""
        return [result.check for result in self.results if not result.passed]


def parse_result(facts: dict[str, Json]) -> CheckResult:
    """Return the result that JSON describes; TypeError if it is not one."""
    return CheckResult(**facts | {"evidence": Evidence(**facts.get("evidence", {}))})


def parse_report(facts: dict[str, Json]) -> Report:
    """Return the report that JSON describes; TypeError or ValueError if it is not one."""
    results = [parse_result(result) for result in facts.get("results", [])]
    verdict = Verdict(facts["verdict"])
    return Report(**facts | {"results": results, "verdict": verdict})

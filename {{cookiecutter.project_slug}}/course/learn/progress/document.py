"""What `--json` prints of an attempt: always the same keys."""

import json
from dataclasses import dataclass

from learn.chapters.chapter import Chapter
from learn.grading.report import CheckResult, Json
from learn.grading.verdict import Verdict
from learn.progress.attempt import Attempt
from learn.progress.explanation import explain
from learn.terminal.messages import text


@dataclass(frozen=True)
class CheckDocument:
    """A check of an attempt."""

    id: str
    passed: bool | None  # None where it was not run
    sent: str = ""
    got: str = ""
    expected: str = ""
    why: str = ""


@dataclass(frozen=True)
class AttemptDocument:
    """An attempt at a chapter."""

    chapter: str
    verdict: Verdict
    seed: int
    reason: str
    checks: list[CheckDocument]


def document_of(attempt: Attempt) -> AttemptDocument:
    """Return the document of an attempt, with every check of its chapter."""
    results = {result.check: result for result in attempt.report.results}
    chapter, report = attempt.chapter, attempt.report
    checks = [document_of_check(chapter, id_, results.get(id_)) for id_ in chapter.check_ids]
    return AttemptDocument(chapter.id, report.verdict, report.seed, report.reason, checks)


def document_of_check(chapter: Chapter, id_: str, result: CheckResult | None) -> CheckDocument:
    """Return the document of a check."""
    if result is None:
        return CheckDocument(id_, None)
    if result.not_started:
        got, why = f"{result.place}: {result.cause}", text("check.not_started")
        return CheckDocument(id_, passed=False, got=got, why=why)
    why = explain(chapter, result)
    return CheckDocument(id_, result.passed, result.sent, result.got, result.expected, why)


def dump(document: Json) -> str:
    """Return a JSON document for programs, in ASCII whatever the console can show."""
    return json.dumps(document, ensure_ascii=True, indent=2)

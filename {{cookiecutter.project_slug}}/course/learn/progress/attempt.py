"""`learn check`: from a learner's files to a verdict, what is noted of it, and what is shown."""

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from learn.chapters import Chapter, Files
from learn.faults import Fault
from learn.grading import Report, Verdict, grade
from learn.handout import altered
from learn.learner import Learner
from learn.messages import text
from learn.traces import last_word, own_place

Listener = Callable[[dict[str, Any]], None]

# What was found, and by what: only the first of them has run anything.
GRADED = "graded"
UNWRITTEN = "unwritten"
UNANSWERED = "unanswered"
BROKEN = "broken"
ALTERED = "altered"

TODO = re.compile(r'501 .*"title": ?"To Do"')


@dataclass
class Outcome:
    """What came of looking at a chapter."""

    chapter: Chapter
    report: Report
    kind: str = GRADED
    fault: Fault | None = None
    files: list[str] = field(default_factory=list)  # of the course, which were altered

    @property
    def verdict(self) -> Verdict:
        """How it ended."""
        return self.report.verdict


def look(
    learner: Learner, chapter: Chapter, seed: int | None = None, listener: Listener = lambda _: None
) -> Outcome:
    """Grade a chapter, if there is something to grade, and note it."""
    report = Report(chapter.id, secrets.randbelow(10_000) if seed is None else seed)
    outcome = look_without_running(learner, chapter, report)
    if outcome.kind == GRADED:
        outcome.report = grade(
            chapter, learner.files(chapter), learner.project, report.seed, listener=listener
        )
        if outcome.verdict is Verdict.FAILED:
            learner.keep(outcome.report)
    note(learner, outcome)
    return outcome


def look_without_running(learner: Learner, chapter: Chapter, report: Report) -> Outcome:
    """What can be said without starting anything; `GRADED` where that is nothing."""
    outcome = Outcome(chapter, report)
    report.verdict = Verdict.FAILED
    if not learner.is_open and (files := altered(learner.project, learner.project)):
        outcome.kind, outcome.files = ALTERED, files
        report.verdict = Verdict.ALTERED
        report.reason = text("altered.reason", files=", ".join(files))
    elif not chapter.facts.get("checks"):  # its questions are all that it has
        outcome.kind = UNANSWERED
        if learner.unanswered(chapter):
            report.reason = text("check.unanswered", chapter=chapter.id)
        else:
            report.verdict = Verdict.PASSED
    elif fault := learner.fault(chapter):
        outcome.kind, outcome.fault = BROKEN, fault
        report.reason = f"{fault.place}: {fault.cause}"
    elif not learner.is_open and learner.is_unwritten(chapter):
        outcome.kind = UNWRITTEN
        report.reason = text("check.unwritten", place=learner.place(chapter))
    return outcome


def note(learner: Learner, outcome: Outcome) -> None:
    """Write down an attempt, and a pass; the solution that a jump put there passes nothing."""
    chapter, report = outcome.chapter.id, outcome.report
    with learner.store.change() as progress:
        if outcome.kind == GRADED and report.verdict in (Verdict.PASSED, Verdict.FAILED):
            progress.note_attempt(chapter, report.failures)
        given = "jumped" in progress.of(chapter) and outcome.chapter.targets
        own = not given or learner.written(outcome.chapter) != learner.solution(outcome.chapter)
        if report.verdict is Verdict.PASSED and own:
            progress.note_pass(chapter, report.seed)


def why(chapter: Chapter, result: dict[str, Any]) -> str:
    """Why a check says no, in the chapter's own words; of a to-do, that it is one."""
    if TODO.match(result.get("got", "")):
        return text("check.todo")
    key = result.get("why", "")
    try:
        said: str = chapter.facts["why"][key].format(**result.get("facts", {}))
    except (KeyError, IndexError, ValueError):
        return str(key)
    return said


def started_at(outcome: Outcome, place: str, solved: Files) -> tuple[str, bool]:
    """The learner's own line on the way to where the app failed; and whether there is one.

    The rest of the graded copy is solved, so that its lines may not be those that the learner has.
    """
    name = place.partition(":")[0]
    if name in outcome.chapter.files or name not in solved:
        return place, True
    own = own_place(outcome.report.log, outcome.chapter.files)
    return own or place, bool(own)


def raised(chapter: Chapter, result: dict[str, Any]) -> tuple[str, str, str]:
    """Where and why the app answered 500; or what exception it logged while a check said no.

    Only of an answer 500 it is known that the exception is its cause.
    """
    trace = result.get("trace", "")
    place, cause = own_place(trace, chapter.files), last_word(trace)
    if is_crash(result):
        return place, cause, ""
    return "", "", f"{cause} ({place})" if place else ""


def is_crash(result: dict[str, Any]) -> bool:
    """Tell whether the app answered 500, and something else was to be expected."""
    return result["got"].startswith("500") and not result["expected"].startswith("500")


def as_json(outcome: Outcome) -> dict[str, Any]:
    """What `--json` prints of a chapter: always the same keys."""
    found = {result["check"]: result for result in outcome.report.results}
    return {
        "chapter": outcome.chapter.id,
        "verdict": outcome.verdict.value,
        "seed": outcome.report.seed,
        "reason": outcome.report.reason,
        "checks": [
            check_as_json(outcome.chapter, id_, found.get(id_))
            for id_ in (outcome.chapter.checks if outcome.chapter.facts.get("checks") else [])
        ],
    }


def check_as_json(chapter: Chapter, id_: str, result: dict[str, Any] | None) -> dict[str, Any]:
    """A check; `passed` is null where it was not run."""
    said = result or {}
    started = not said.get("not_started")
    return {
        "id": id_,
        "passed": said.get("passed"),
        "sent": said.get("sent", ""),
        "got": said.get("got", "") if started else f"{said['place']}: {said['cause']}",
        "expected": said.get("expected", ""),
        "why": why(chapter, said) if started else text("check.not_started"),
    }


def dumped(document: dict[str, Any]) -> str:
    """A JSON document, for programs."""
    return json.dumps(document, ensure_ascii=True, indent=2)


def exit_code(verdicts: list[Verdict]) -> int:
    """0 when all passed; 3 when one could not be graded; 1 else."""
    return max((verdict.exit_code for verdict in verdicts), default=Verdict.CANNOT_GRADE.exit_code)

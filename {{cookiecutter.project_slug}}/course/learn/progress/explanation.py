"""Explanations of a failure: in the chapter's own words, and at the learner's own line."""

import re

from learn.chapters.chapter import Chapter
from learn.chapters.files import Files
from learn.grading.report import CheckResult
from learn.grading.tracebacks import exception_of, last_place
from learn.progress.attempt import Attempt
from learn.terminal.messages import text

TODO = re.compile(r'501 .*"title": ?"To Do"')


def explain(chapter: Chapter, result: CheckResult) -> str:
    """Return why a check fails, in the chapter's own words; for a to-do, that it is one."""
    if TODO.match(result.got):
        return text("check.todo")
    try:
        return chapter.why[result.why].format(**result.facts)
    except (KeyError, IndexError, ValueError):
        return result.why


def place_of_failed_start(attempt: Attempt, place: str, solution: Files) -> tuple[str, bool]:
    """Return the learner's own line on the way to the error, and whether there is one.

    The rest of the graded copy is solved, so its lines may not be those that the learner has.
    """
    name = place.partition(":")[0]
    if name in attempt.chapter.files or name not in solution:
        return place, True
    own = last_place(attempt.report.log, attempt.chapter.files)
    return own or place, bool(own)


def explain_exception(chapter: Chapter, result: CheckResult) -> tuple[str, str, str]:
    """Return where and why the app answered 500; or, as the third, an exception that it logged.

    Only an answer of 500 is known to be caused by the exception.
    """
    trace = result.evidence.trace
    place, cause = last_place(trace, chapter.files), exception_of(trace)
    if result.is_crash:
        return place, cause, ""
    return "", "", f"{cause} ({place})" if place else ""

"""The verdict on a chapter: one word, and the exit code of the command that says it."""

from collections.abc import Collection
from enum import StrEnum


class Verdict(StrEnum):
    """What can be said of a chapter. The value is the word that people and programs read."""

    PASSED = "passed"
    FAILED = "failed"  # a check failed, or the app did not start
    NOT_BEGUN = "not begun"  # the starter as it was handed out, or a question without an answer
    BROKEN = "broken"  # a file is missing, or Python cannot read it: nothing was started
    ALTERED = "altered"  # files of the course are not as they were handed out
    COULD_NOT_GRADE = "could not grade"  # there is no verdict on the learner's work

    @property
    def exit_code(self) -> int:
        """0 passed, 1 something failed, 3 could not grade; 2 is a usage error."""
        return EXIT_CODES[self]


EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.FAILED: 1,
    Verdict.NOT_BEGUN: 1,
    Verdict.BROKEN: 1,
    Verdict.ALTERED: 3,
    Verdict.COULD_NOT_GRADE: 3,
}


def overall_verdict(verdicts: Collection[Verdict]) -> Verdict:
    """Return the verdict on several chapters, which is that of the worst one.

    If its exit code is 1, the verdict is FAILED, never NOT_BEGUN: another chapter may have passed.
    """
    if not verdicts:
        return Verdict.COULD_NOT_GRADE
    worst = max(verdicts, key=lambda verdict: verdict.exit_code)
    return Verdict.FAILED if worst.exit_code == Verdict.FAILED.exit_code else worst

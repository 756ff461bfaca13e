"""The verdict on a chapter, and on several."""

import pytest

from learn.grading.verdict import Verdict, overall_verdict

PASSED, FAILED, NOT_BEGUN, BROKEN, ALTERED, COULD_NOT_GRADE = Verdict


@pytest.mark.parametrize(
    ("verdict", "word", "exit_code"),
    [
        (PASSED, "passed", 0),
        (FAILED, "failed", 1),
        (NOT_BEGUN, "not begun", 1),
        (BROKEN, "broken", 1),
        (ALTERED, "altered", 3),
        (COULD_NOT_GRADE, "could not grade", 3),
    ],
)
def test_a_verdict_has_a_word_and_an_exit_code(verdict: Verdict, word: str, exit_code: int) -> None:
    assert (str(verdict), verdict.exit_code) == (word, exit_code)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([PASSED, PASSED], PASSED),
        ([PASSED, NOT_BEGUN], FAILED),
        ([BROKEN], FAILED),
        ([PASSED, COULD_NOT_GRADE, FAILED], COULD_NOT_GRADE),
        ([ALTERED, ALTERED], ALTERED),
        ([], COULD_NOT_GRADE),  # nothing was run, which is never a pass
    ],
)
def test_several_chapters_have_the_worst_verdict(
    verdicts: list[Verdict], expected: Verdict
) -> None:
    assert overall_verdict(verdicts) is expected

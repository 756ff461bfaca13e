"""Every chapter: its solution and alternatives pass, its starter and mutants do not."""

import re
from itertools import combinations

import pytest

from learn.chapters.chapter import Chapter, load_chapters
from learn.chapters.folders import COURSE
from learn.chapters.handout import solved_files
from learn.chapters.symbols import definition
from learn.chapters.variant import Variant
from learn.chapters.workspace import compose
from learn.grading.grader import grade
from learn.grading.verdict import Verdict
from learn.teach.lesson_blocks import check_lesson

PROJECT = COURSE.parent
SOLVED = solved_files(PROJECT)
CHAPTERS = load_chapters(COURSE)
WRITTEN = [chapter for chapter in CHAPTERS if chapter.targets]
HINT_WORDS = 120
LESSON_WORDS = 2_000  # at 150 words a minute, less than 15 minutes
LESSON_PARTS = ("Predict", "Run", "Investigate", "Change", "Make")


def name(item: object) -> str:
    if isinstance(item, Chapter):
        return item.folder.name
    return item.name if isinstance(item, Variant) else str(item)


def variants(kind: str) -> list[tuple[Chapter, Variant]]:
    return [(chapter, v) for chapter in WRITTEN for v in chapter.variants(kind)]


@pytest.mark.parametrize("chapter", WRITTEN, ids=name)
def test_the_solution_passes(chapter: Chapter) -> None:
    report = grade(chapter, SOLVED, PROJECT)
    assert report.verdict is Verdict.PASSED, report


@pytest.mark.parametrize("chapter", WRITTEN, ids=name)
def test_the_starter_fails_by_a_check(chapter: Chapter) -> None:
    assert chapter.starter
    report = grade(chapter, chapter.starter.apply(SOLVED), PROJECT)
    assert report.verdict is Verdict.FAILED, report
    assert not any(result.not_started for result in report.results), report


@pytest.mark.parametrize(("chapter", "variant"), variants("alternatives"), ids=name)
def test_another_right_answer_passes(chapter: Chapter, variant: Variant) -> None:
    report = grade(chapter, variant.apply(SOLVED), PROJECT)
    assert report.verdict is Verdict.PASSED, report


@pytest.mark.parametrize(("chapter", "variant"), variants("mutants"), ids=name)
def test_a_wrong_answer_is_rejected_by_the_check_it_names(
    chapter: Chapter, variant: Variant
) -> None:
    report = grade(chapter, variant.apply(SOLVED), PROJECT)
    assert report.verdict is Verdict.FAILED, report
    assert report.failures == [variant.rejected_by], report


@pytest.mark.parametrize("chapter", WRITTEN, ids=name)
def test_every_check_rejects_something_and_can_say_why(chapter: Chapter) -> None:
    named = {mutant.rejected_by for mutant in chapter.variants("mutants")}
    assert named == set(chapter.check_ids)
    grader = (chapter.folder / "grader.py").read_text("utf-8")
    for reason in re.findall(r'why="([a-z-]+)"|CheckFailed\(\s*"([a-z-]+)"', grader):
        assert "".join(reason) in chapter.why


def test_with_one_chapter_unsolved_only_that_one_is_unsolved() -> None:
    """What is graded for any other chapter is the solution, to the letter."""
    for unsolved in WRITTEN:
        assert unsolved.starter
        files = unsolved.starter.apply(SOLVED)
        changed = {name for name in files if files[name] != SOLVED.get(name)}
        assert changed
        assert changed <= set(unsolved.files)
        for chapter in CHAPTERS:
            same = compose(chapter, files, SOLVED) == SOLVED
            assert same is (chapter is not unsolved)


def test_no_file_belongs_to_two_chapters() -> None:
    for one, other in combinations(WRITTEN, 2):
        assert not set(one.files) & set(other.files)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=name)
def test_what_the_lesson_shows_is_as_it_says(chapter: Chapter) -> None:
    assert check_lesson(chapter, update=False) == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=name)
def test_the_lesson_is_short_and_in_order(chapter: Chapter) -> None:
    lesson = (chapter.folder / "lesson.md").read_text("utf-8")
    assert len(re.sub(r"^```.*?^```$", "", lesson, flags=re.M | re.S).split()) < LESSON_WORDS
    places = [lesson.find(f"## {part}") for part in LESSON_PARTS]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=name)
def test_predictions_can_be_checked_in_the_lesson(chapter: Chapter) -> None:
    lesson = (chapter.folder / "lesson.md").read_text("utf-8")
    blocks = dict(re.findall(r"^```http (\S+)\n(.*?)^```$", lesson, re.M | re.S))
    assert chapter.questions
    for question in chapter.questions:
        choice = question.choices[question.right - 1]
        assert question.text
        assert question.because
        if question.exchange:
            assert choice.split()[0].strip(",.;:") in blocks[question.exchange]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=name)
def test_there_are_four_short_hints(chapter: Chapter) -> None:
    text = (chapter.folder / "hints.md").read_text("utf-8")
    _, *hints = re.split(r"^## (\d)$", text, flags=re.M)
    assert hints[::2] == ["1", "2", "3", "4"]
    assert [hint for hint in hints[1::2] if len(hint.split()) > HINT_WORDS] == []


@pytest.mark.parametrize("chapter", WRITTEN, ids=name)
def test_the_puzzle_has_the_lines_of_the_solution_and_one_more(chapter: Chapter) -> None:
    text = (chapter.folder / "hints.md").read_text("utf-8")
    [puzzle] = re.findall(r"^```parsons\n(.*?)^```$", text, re.M | re.S)
    lines = {line.strip() for target in chapter.targets for line in source(target).split("\n")}
    wrong = [line for line in puzzle.strip().split("\n") if line.strip() not in lines]
    assert len(wrong) == 1, wrong


def source(target: str) -> str:
    """The solution of a target."""
    path, _, symbol = target.partition(":")
    return definition(SOLVED[path], symbol) if symbol else SOLVED[path]

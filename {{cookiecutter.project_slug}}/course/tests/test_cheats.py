"""A learner who wants the pass without the work gets no verdict, fails, or is found out."""

import json

import pytest
from cohort import CHEATS, INTRUDER
from conftest import Desk

from learn.chapters.chapter import Chapter, load_chapters
from learn.chapters.files import write
from learn.chapters.folders import COURSE
from learn.chapters.handout import SOLUTION, hashes, solved_files
from learn.grading.grader import grade
from learn.grading.verdict import Verdict

PLACE = "app/health.py"
GRADER = "course/chapters/ch01_live/grader.py"
WRITTEN = [chapter for chapter in load_chapters(COURSE) if chapter.targets]


def verdict(desk: Desk) -> tuple[int, str]:
    """What `learn check` says of chapter 01."""
    found = desk.learn("check", "1", "--json")
    return found.returncode, json.loads(found.stdout)["verdict"]


def put_first(desk: Desk, code: str) -> None:
    """Put code before everything else in the learner's file."""
    path = desk.project / PLACE
    write(path, f"{code}\n{path.read_text('utf-8')}")


@pytest.mark.parametrize("cheat", ["exits", "exits_at_once", "forges"])
def test_a_program_that_ends_by_itself_could_not_be_graded(desk: Desk, cheat: str) -> None:
    put_first(desk, CHEATS[cheat])
    assert verdict(desk) == (3, "could not grade")


@pytest.mark.parametrize("cheat", ["exits", "exits_at_once"])
def test_ending_in_a_request_is_not_a_pass(desk: Desk, cheat: str) -> None:
    desk.change(PLACE, 'raise TodoError("01", "say that the process answers.")', CHEATS[cheat])
    assert verdict(desk)[0] != 0


def test_an_object_that_equals_everything_does_not_travel(desk: Desk) -> None:
    put_first(desk, CHEATS["equals"])
    todo = 'raise TodoError("01", "say that the process answers.")'
    desk.change(PLACE, todo, "return Live.model_construct(status=Equal())  # type: ignore")
    assert verdict(desk) == (1, "failed")


@pytest.mark.parametrize("name", ["conftest.py", "sitecustomize.py", "usercustomize.py"])
def test_what_python_runs_by_itself_is_not_run_and_is_reported(desk: Desk, name: str) -> None:
    write(desk.project / name, INTRUDER)
    desk.change(PLACE, "# 1. Say so.", "# Done.")
    assert verdict(desk) == (3, "altered")
    assert name in desk.learn("check", "1").stdout


def test_a_learners_files_beside_the_apps_own_change_nothing(desk: Desk) -> None:
    for name in ("conftest.py", "sitecustomize.py", "learn.py", "learn/__init__.py"):
        write(desk.project / "app" / name, INTRUDER)
    desk.change(PLACE, "# 1. Say so.", "# Done.")
    assert verdict(desk) == (1, "failed")


@pytest.mark.parametrize("name", [GRADER, "course/learn/grading/grader.py", "course/learn/new.py"])
def test_an_edited_grader_is_reported(desk: Desk, name: str) -> None:
    path = desk.project / name
    write(path, (path.read_text("utf-8") if path.exists() else "") + "\n# kinder\n")
    assert verdict(desk) == (3, "altered")


def test_no_checks_are_no_pass(desk: Desk) -> None:
    write(desk.project / GRADER, '"""Nothing is asked."""\n')
    desk.seal()
    desk.solve("01")
    assert verdict(desk) == (3, "could not grade")


def test_the_seal_is_over_all_that_grades(desk: Desk) -> None:
    sealed = json.loads((desk.project / SOLUTION).read_text("utf-8"))["sealed"]
    assert sealed == hashes(desk.project)
    assert {
        GRADER,
        "course/learn/grading/runner.py",
        "course/chapters/ch01_live/chapter.toml",
    } <= set(sealed)


@pytest.mark.parametrize("chapter", WRITTEN, ids=lambda chapter: chapter.folder.name[5:])
def test_no_chapter_is_passed_by_leaving(chapter: Chapter) -> None:
    solved = solved_files(COURSE.parent)
    name = chapter.files[0]
    report = grade(chapter, solved | {name: f"{CHEATS['exits']}\n{solved[name]}"}, COURSE.parent)
    assert report.verdict is not Verdict.PASSED
    assert not any(result.passed for result in report.results)

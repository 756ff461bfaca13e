"""What a learner is given: starters in the app, the solution aside, the graders sealed."""

import shutil
from pathlib import Path

import pytest

from learn.chapters.chapter import ChapterError, find_chapter, load_chapters
from learn.chapters.files import read_files
from learn.chapters.folders import COURSE
from learn.chapters.handout import SOLUTION, altered_files, hand_out, open_up, solved_files

PROJECT = COURSE.parent
CHAPTERS = load_chapters(COURSE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An open project of its own, with the app and the course."""
    for name, text in solved_files(PROJECT).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    shutil.copytree(COURSE, tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / SOLUTION).unlink(missing_ok=True)
    return tmp_path


def test_a_handout_has_every_starter_and_nothing_else_is_changed(project: Path) -> None:
    before = read_files(project)
    hand_out(project)
    after = read_files(project)
    changed = {name for name in before if after.get(name) != before[name]}
    assert changed == {name for chapter in CHAPTERS for name in chapter.files}
    assert after.keys() == before.keys()
    assert solved_files(project) == before
    for chapter in CHAPTERS:
        if chapter.starter:
            expected = chapter.starter.apply(before)
            assert all(after[name] == expected[name] for name in chapter.files)


def test_opening_is_the_way_back(project: Path) -> None:
    before = read_files(project)
    hand_out(project)
    open_up(project)
    assert read_files(project) == before
    assert not (project / SOLUTION).exists()


def test_what_grades_is_sealed(project: Path) -> None:
    hand_out(project)
    assert altered_files(project, project) == []
    grader = project / "course/chapters/ch06_async/grader.py"
    grader.write_text(grader.read_text("utf-8") + "\n# easier\n", "utf-8")
    (project / "course/learn/extra.py").write_text("")
    (project / "conftest.py").write_text("")
    assert altered_files(project, project) == [
        "conftest.py",
        "course/chapters/ch06_async/grader.py",
        "course/learn/extra.py",
    ]


def test_a_lesson_may_be_changed(project: Path) -> None:
    hand_out(project)
    (project / "course/chapters/ch06_async/lesson.md").write_text("Read the book.", "utf-8")
    assert altered_files(project, project) == []


def test_line_endings_of_another_platform_are_not_a_change(project: Path) -> None:
    hand_out(project)
    grader = project / "course/chapters/ch06_async/grader.py"
    grader.write_bytes(grader.read_bytes().replace(b"\n", b"\r\n"))
    assert altered_files(project, project) == []


def test_a_chapter_is_found_by_any_of_its_names() -> None:
    for name in ("6", "06", "ch06", "async", "ch06_async", "CH6"):
        assert find_chapter(CHAPTERS, name).id == "06"
    with pytest.raises(ChapterError, match="00"):
        find_chapter(CHAPTERS, "99")

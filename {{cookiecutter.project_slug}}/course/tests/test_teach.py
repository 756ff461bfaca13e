"""The instructor's verbs: a cohort, its reports, and work on the course itself."""

import csv
import io
import json
import os
from pathlib import Path

import pytest
from cohort import Learner, make_cohort
from conftest import Desk

from learn.chapters.files import read_files, write
from learn.chapters.handout import SOLUTION, hashes, solved_files


@pytest.fixture(scope="session")
def cohort(
    small_course: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Learner]]:
    """Thirty learners of the small course."""
    folder = tmp_path_factory.mktemp("cohort")
    return folder, make_cohort(folder, small_course)


def test_thirty_learners_get_the_right_table(
    desk: Desk, cohort: tuple[Path, list[Learner]]
) -> None:
    folder, learners = cohort
    found = desk.learn("teach", "grade", str(folder), "--seed", "7", seconds=300)
    assert found.returncode == 3, found  # because some cannot be graded
    results = json.loads((desk.state / "cohort.json").read_text("utf-8"))
    assert results["seed"] == 7
    came = {
        one["learner"]: ({c["chapter"]: c["result"] for c in one["chapters"]}, one["altered"])
        for one in results["learners"]
    }
    assert came == {one.name: (one.expected, one.altered) for one in learners}
    the_table_says_so(found.stdout, learners)
    reports_agree(desk, learners)


def the_table_says_so(table: str, learners: list[Learner]) -> None:
    """A line for each learner."""
    cells = {"passed": "ok", "failed": "NO", "not begun": "-", "broken": "!"}
    lines = {line.split()[3]: line.split() for line in table.splitlines() if " of 2  " in line}
    assert len(lines) == 30
    for one in learners:
        passed, _, _, _, *results, course = lines[one.name]
        assert results == [cells.get(result, "?") for result in one.expected.values()]
        assert int(passed) == results.count("ok")
        assert course == ("ALTERED" if one.altered else "ok")


def reports_agree(desk: Desk, learners: list[Learner]) -> None:
    """The same results as CSV and as JSON, and how often each check failed."""
    found = desk.learn("teach", "report", "--format", "csv")
    assert found.returncode == 0
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert {(row["learner"], row["chapter"]): row["result"] for row in rows} == {
        (one.name, chapter): result for one in learners for chapter, result in one.expected.items()
    }
    mute = next(row for row in rows if "mute" in row["learner"])
    assert (mute["failed_check"], mute["checks_passed"], mute["checks"]) == ("word", "1", "2")
    assert mute["why"] == "정상이면 ok 라고 답해야 합니다"
    document = json.loads(desk.learn("teach", "report", "--format", "json").stdout)
    assert len(document["learners"]) == 30
    items = json.loads(desk.learn("teach", "items", "--format", "json").stdout)
    counted = {item["check"]: (item["failed"], item["reached"]) for item in items}
    graded = [one for one in learners if one.expected["01"] in ("passed", "failed")]
    asleep = [one for one in graded if "asleep" in one.name or "cheat" in one.name]
    assert counted["twice"] == (len(asleep), len(graded))
    mutes = sum("mute" in one.name for one in learners)
    assert counted["word"] == (mutes, len(graded) - len(asleep))
    shown = desk.learn("teach", "items").stdout
    assert f"{mutes} of {len(graded) - len(asleep)}" in shown


def test_a_spreadsheet_does_not_calculate_a_name(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "cohort" / "=1+1").mkdir(parents=True)
    (tmp_path / "cohort" / ".git").mkdir()
    found = desk.learn("teach", "grade", str(tmp_path / "cohort"), "1", "--format", "csv")
    assert found.returncode == 3
    [row] = csv.DictReader(io.StringIO(found.stdout))
    assert row["learner"] == "'=1+1"
    assert row["result"] == "could not grade"
    assert "app/" in row["why"]


def test_what_is_not_a_cohort_is_refused(desk: Desk, tmp_path: Path) -> None:
    for folder in (tmp_path / "none", desk.project, desk.project / "course/chapters/ch00_begin"):
        found = desk.learn("teach", "grade", str(folder))
        assert found.returncode == 2, found
        assert "Traceback" not in found.stderr
    assert desk.learn("teach", "report").returncode == 2
    write(tmp_path / "results.json", "[]")
    assert desk.learn("teach", "items", str(tmp_path / "results.json")).returncode == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_learner_cannot_hold_the_graders_up(desk: Desk, tmp_path: Path) -> None:
    copy = tmp_path / "cohort" / "amy"
    make = copy / "app"
    make.mkdir(parents=True)
    os.mkfifo(make / "health.py")
    (make / "router.py").symlink_to("/dev/zero")
    found = desk.learn("teach", "grade", str(tmp_path / "cohort"), "1")
    assert found.returncode == 1
    assert "app/health.py" in found.stdout


def test_an_instructor_opens_the_course_adds_a_chapter_and_hands_it_out(desk: Desk) -> None:
    desk.change("app/health.py", "# 1. Say so.", "# mine")
    target = ["--target", "app/kit/settings.py:env_files"]
    assert desk.learn("teach", "new-chapter", "50", "files", *target).returncode == 2  # is closed
    opened = desk.learn("teach", "open", "--yes")
    assert opened.returncode == 0, opened
    assert not (desk.project / SOLUTION).exists()
    kept = next((desk.state / "backups").rglob("health.py"))
    assert "# mine" in kept.read_text("utf-8")
    for words in (["1", "files", *target], ["50", "Files!", *target]):
        assert desk.learn("teach", "new-chapter", *words).returncode == 2
    for wrong in ("app/health.py:live", "app/settings.py:nothing", "nothing.py:x"):
        assert desk.learn("teach", "new-chapter", "50", "x", "--target", wrong).returncode == 2
    made = desk.learn("teach", "new-chapter", "50", "files", *target)
    assert made.returncode == 0, made
    folder = desk.project / "course/chapters/ch50_files"
    starter = (folder / "starter.py").read_text("utf-8")
    assert starter.endswith('    raise TodoError("50", "say it in a line.")\n')
    judged = desk.learn("teach", "matrix", "50")  # it says what is missing
    assert judged.returncode == 1
    assert "check first: no mutant has it" in judged.stdout
    assert desk.learn("teach", "lessons", "50", "--check").returncode == 1
    assert desk.learn("teach", "lessons", "50").returncode == 0
    assert "def env_files()" in (folder / "lesson.md").read_text("utf-8")
    before = read_files(desk.project)
    handed_out = desk.learn("teach", "hand-out")
    assert handed_out.returncode == 0, handed_out
    assert solved_files(desk.project) == before
    assert "TodoError" in (desk.project / "app/kit/settings.py").read_text("utf-8")
    sealed = json.loads((desk.project / SOLUTION).read_text("utf-8"))["sealed"]
    assert sealed == hashes(desk.project)
    assert desk.learn("teach", "hand-out").returncode == 2


def test_the_matrix_tells_right_from_wrong(desk: Desk) -> None:
    found = desk.learn("teach", "matrix", "1", "--json")
    assert found.returncode == 0, found
    rows = json.loads(found.stdout)["rows"]
    assert [row["variant"] for row in rows] == ["solution", "starter", "plain", "asleep", "mute"]
    desk.change("course/chapters/ch01_live/mutants/mute.py", "by: word", "by: twice")
    found = desk.learn("teach", "matrix", "1")
    assert found.returncode == 1
    assert "WRONG" in found.stdout
    assert "check word: no mutant has it" in found.stdout

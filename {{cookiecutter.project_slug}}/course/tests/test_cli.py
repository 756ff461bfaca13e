"""The verbs of `learn`, as a learner types them."""

import json
import re
import socket
import sys
from pathlib import Path

import pytest
from conftest import Desk

from learn.chapters.folders import COURSE

ANSI = re.compile(r"\x1b")
VERBS = {
    "check",
    "diff",
    "doctor",
    "hint",
    "jump",
    "lesson",
    "next",
    "predict",
    "replay",
    "reset",
    "solution",
    "status",
    "teach",
    "watch",
}
PLACE = "app/health.py"


def test_help_names_every_verb_and_comes_at_once(desk: Desk) -> None:
    found = desk.learn("--help")
    assert found.returncode == 0
    listed = re.findall(r"^  ([a-z]+) ", found.stdout.partition("Commands:")[2], re.M)
    assert set(listed) == VERBS
    slow = {
        "rich.console",
        "httpx2",
        "watchfiles",
        "fastapi",
        "learn.grading",
        "learn.teach",
        "learn.progress",
    }
    loaded = desk.python("-c", "import sys, learn.cli; print(*sys.modules)").stdout.split()
    assert slow.isdisjoint(loaded)


def test_what_cannot_be_meant_is_usage(desk: Desk) -> None:
    for words in (["chek"], ["check", "99"], ["check", "1", "--all"], ["hint", "--level", "9"]):
        found = desk.learn(*words)
        assert found.returncode == 2, words
        assert found.stdout == ""
        assert "Traceback" not in found.stderr
    assert "00, 01, 02" in desk.learn("check", "99").stderr


def test_the_first_chapter_without_a_pass_is_the_current_one(desk: Desk) -> None:
    found = desk.learn("check")
    assert found.returncode == 1
    assert found.stdout.startswith("ch00  Begin")
    assert "uv run learn predict 00" in found.stdout
    assert json.loads(desk.learn("check", "--json").stdout)["verdict"] == "not begun"
    desk.learn("predict", typed="1\n")
    assert desk.learn("check").returncode == 0
    assert desk.learn("check").stdout.startswith("ch01  ")


def test_nothing_is_started_for_what_is_not_written(desk: Desk) -> None:
    found = desk.learn("check", "1")
    assert found.returncode == 1
    assert "Nothing is written yet. Begin at app/health.py:" in found.stdout
    assert "Write live" in found.stdout
    assert not (desk.state / "last.json").exists()
    as_json = desk.learn("check", "1", "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["verdict"] == "not begun"


def test_a_pass_is_shown_and_recorded(desk: Desk) -> None:
    desk.solve("01")
    found = desk.learn("check", "live", "--seed", "7")
    assert found.returncode == 0, found
    assert re.findall(r"^\[(\d/\d)\] .* (ok|NOT YET)$", found.stdout, re.M) == [
        ("1/2", "ok"),
        ("2/2", "ok"),
    ]
    assert "seed 7" in found.stdout
    assert "Passed. Chapter 01" in found.stdout
    assert not ANSI.search(found.stdout)
    assert desk.progress["01"]["passed"]["seed"] == 7
    assert desk.progress["01"]["attempts"] == 1
    assert "1 of 3 done" in desk.learn("status").stdout


def test_the_first_failure_is_shown_and_can_be_replayed(desk: Desk) -> None:
    desk.solve("01")
    desk.change(PLACE, "return Live()", "return Live.model_construct(status='no')  # type: ignore")
    found = desk.learn("check", "1")
    assert found.returncode == 1
    assert re.search(r"^\[1/2\] .* ok$", found.stdout, re.M)
    assert re.search(r"^\[2/2\] .* NOT YET$", found.stdout, re.M)
    assert re.search(r"^ {6}sent      GET /health/live$", found.stdout, re.M)
    assert re.search(r'^ {6}got       200 \{"status": ?"no"\}$', found.stdout, re.M)
    assert re.search(r'^ {6}expected  200 \{"status": "ok"\}$', found.stdout, re.M)
    assert re.search(r"^ {6}why       정상이면 ok 라고 답해야 합니다$", found.stdout, re.M)
    assert desk.progress["01"]["failures"] == {"word": 1}
    replayed = desk.learn("replay")
    assert replayed.returncode == 0
    assert "127.0.0.1:8000/health/live" in replayed.stdout
    assert "uv run python -m app\n" in replayed.stdout
    assert "route=/health/live" in replayed.stdout


def test_there_is_nothing_to_replay_before_a_failure(desk: Desk) -> None:
    found = desk.learn("replay")
    assert found.returncode == 1
    assert "uv run learn check" in found.stderr


def test_a_to_do_that_is_still_raised_is_called_one(desk: Desk) -> None:
    desk.change(PLACE, "# 1. Say so.", "# 1. I do not know.")
    found = desk.learn("check", "1")
    assert found.returncode == 1
    assert "why       this part still raises TodoError" in found.stdout
    assert "app/health.py" in desk.learn("replay").stdout


@pytest.mark.parametrize(
    ("old", "new", "place", "cause"),
    [
        ("# 1. Say so.", "x = (", r"app/health.py:\d+", "SyntaxError"),
        ("    # 1. Say so.", "\tx = 1", r"app/health.py:\d+", "TabError|IndentationError"),
        ("# 1. Say so.", "x = 1\0", r"app/health.py", "null bytes"),
    ],
)
def test_a_file_that_python_cannot_read_is_shown_at_its_line(
    desk: Desk, old: str, new: str, place: str, cause: str
) -> None:
    desk.change(PLACE, old, new)
    found = desk.learn("check", "1")
    assert found.returncode == 1
    assert re.search(rf"where +{place}$", found.stdout, re.M)
    assert re.search(cause, found.stdout)
    assert not (desk.state / "last.json").exists()
    as_json = desk.learn("check", "1", "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["verdict"] == "broken"
    assert "Traceback" not in found.stderr


def test_a_file_that_is_missing_or_not_utf8_is_named(desk: Desk) -> None:
    (desk.project / PLACE).write_bytes("# 값\n".encode("cp949"))
    found = desk.learn("check", "1")
    assert found.returncode == 1
    assert "UTF-8" in found.stdout
    assert "app/health.py" in found.stdout
    (desk.project / PLACE).unlink()
    found = desk.learn("check", "1")
    assert found.returncode == 1
    assert "uv run learn reset 01" in found.stdout
    assert desk.learn("check", "2").returncode == 1  # the others still work
    assert desk.learn("reset", "1", "-y").returncode == 0
    assert (desk.project / PLACE).exists()


def test_an_app_that_does_not_start_is_shown_at_the_learners_own_line(desk: Desk) -> None:
    desk.change(PLACE, "    # 1. Say so.", "    # 1. Say so.\n    return Live()")
    desk.change(PLACE, "class Live", "there = not_there\n\n\nclass Live")
    line = (desk.project / PLACE).read_text("utf-8").split("\n").index("there = not_there") + 1
    found = desk.learn("check", "1")
    assert found.returncode == 1
    assert f"where  app/health.py:{line}\n" in found.stdout
    assert "NameError" in found.stdout
    assert "Traceback" not in found.stdout
    as_json = json.loads(desk.learn("check", "1", "--json").stdout)
    assert as_json["checks"][0]["passed"] is False
    assert f"app/health.py:{line}" in as_json["checks"][0]["got"]


def test_json_is_one_document_with_stable_keys(desk: Desk) -> None:
    desk.solve("01")
    desk.change(PLACE, "return Live()", "return Live.model_construct(status='no')  # type: ignore")
    found = desk.learn("check", "1", "--json", "--seed", "3")
    assert found.returncode == 1
    document = json.loads(found.stdout)
    assert list(document) == ["chapter", "verdict", "seed", "reason", "checks"]
    assert document["chapter"] == "01"
    assert document["verdict"] == "failed"
    assert document["seed"] == 3
    keys = ["id", "passed", "sent", "got", "expected", "why"]
    assert [list(check) for check in document["checks"]] == [keys, keys]
    assert [check["passed"] for check in document["checks"]] == [True, False]
    assert document["checks"][1]["sent"] == "GET /health/live"


def test_all_chapters_have_a_table_and_one_document(desk: Desk) -> None:
    desk.solve("01")
    desk.learn("predict", "0", typed="2\n")
    found = desk.learn("check", "--all")
    assert found.returncode == 1
    rows = re.findall(r"^ch(\d\d) .*? {2,}(ok|NOT YET)$", found.stdout, re.M)
    assert rows == [("00", "ok"), ("01", "ok"), ("02", "NOT YET")]
    desk.solve("02")
    found = desk.learn("check", "--all", "--json")
    assert found.returncode == 0
    document = json.loads(found.stdout)
    assert document["verdict"] == "passed"
    assert [c["verdict"] for c in document["chapters"]] == ["passed"] * 3
    assert "every chapter is done" in desk.learn("next").stdout


def test_an_altered_course_gives_no_verdict(desk: Desk) -> None:
    desk.solve("01")
    desk.change("course/chapters/ch01_live/grader.py", "expect(200", "expect(..., ")
    (desk.project / "conftest.py").write_text("")
    found = desk.learn("check", "1")
    assert found.returncode == 3
    assert "course/chapters/ch01_live/grader.py (changed" in found.stdout
    assert "conftest.py (does not belong" in found.stdout
    assert "git checkout -- course/chapters/ch01_live/grader.py\n" in found.stdout
    document = json.loads(desk.learn("check", "1", "--json").stdout)
    assert document["verdict"] == "altered"
    assert desk.learn("check", "--all").returncode == 3
    assert "passed" not in desk.progress.get("01", {})


def test_hints_come_one_after_the_other(desk: Desk) -> None:
    assert "which status" in desk.learn("hint", "1").stdout.lower()
    assert "See ready" in desk.learn("hint", "1").stdout
    assert "hint 4 of 4" in desk.learn("hint", "1", "--level", "4").stdout
    assert "--give-up" in desk.learn("hint", "1").stdout
    assert desk.progress["01"]["hints"] == [1, 2, 4]
    assert "return None" in desk.learn("hint", "1", "--level", "3").stdout


def test_a_prediction_is_noted_before_it_is_answered(desk: Desk) -> None:
    found = desk.learn("predict", "1", typed="7\n\n2\n")
    assert found.returncode == 0, found
    assert found.stdout.count("Type a number from 1 to 2") == 2
    assert "[GET]" in found.stdout
    assert "You said 2; it is 1: 200, all is well" in found.stdout
    assert "The process answers." in found.stdout
    assert "HTTP 200" in found.stdout
    [choice] = desk.progress["01"]["predictions"].values()
    assert choice == "503, nothing is"
    assert "--again" in desk.learn("predict", "1").stdout
    assert "1 is right" in desk.learn("predict", "1", "--again", typed="1\n").stdout


def test_questions_can_be_left_for_later(desk: Desk) -> None:
    found = desk.learn("predict", "1", typed="")
    assert found.returncode == 1
    assert "uv run learn predict 01" in found.stdout
    assert "uv run learn predict 01" in desk.learn("watch", "1", typed="q\n").stdout


def test_a_lesson_is_shown_without_signs_for_a_terminal(desk: Desk) -> None:
    found = desk.learn("lesson", "1")
    assert found.returncode == 0
    assert "# A lesson" in found.stdout
    assert "app/health.py:ready" in found.stdout
    assert "Two lines: course/chapters/ch01_live/lines.svg" in found.stdout
    assert not ANSI.search(found.stdout)


def test_next_goes_on_and_past(desk: Desk) -> None:
    assert desk.learn("next").stdout.startswith("ch00")
    again = desk.learn("next").stdout
    assert again.startswith("ch00")
    assert "--skip" in again
    skipped = desk.learn("next", "--skip").stdout
    assert skipped.startswith("ch01")
    assert "Left as it is: ch00  Begin." in skipped
    status = desk.learn("status").stdout
    assert "> 01" in status
    assert re.search("00 +Begin +skipped", status)
    desk.solve("01")
    assert "uv run learn next (ch02" in desk.learn("check").stdout
    assert desk.learn("next").stdout.startswith("ch02")


def test_the_difference_and_the_solution(desk: Desk) -> None:
    assert "changed nothing" in desk.learn("diff", "1").stdout
    desk.change(PLACE, "# 1. Say so.", "# 1. I do not know.")
    found = desk.learn("diff", "1").stdout
    assert "-    # 1. Say so." in found
    assert "+    # 1. I do not know." in found
    refused = desk.learn("solution", "1")
    assert refused.returncode == 1
    assert "--give-up" in refused.stderr
    assert "return Live()" not in refused.stdout
    shown = desk.learn("solution", "1", "--give-up")
    assert shown.returncode == 0
    assert "    return Live()\n" in shown.stdout
    assert "+    return Live()" in shown.stdout
    assert "gave_up" in desk.progress["01"]
    assert "solution seen" in desk.learn("status").stdout
    desk.solve("01")
    desk.learn("check", "1")
    assert "Yours is the same" in desk.learn("solution", "1").stdout


def test_the_start_comes_back_and_nothing_is_lost(desk: Desk) -> None:
    before = (desk.project / PLACE).read_text("utf-8")
    desk.change(PLACE, "# 1. Say so.", "# 1. My work.")
    for answer in ("n\n", ""):
        refused = desk.learn("reset", "1", typed=answer)
        assert refused.returncode == 1
        assert "My work" in (desk.project / PLACE).read_text("utf-8")
    found = desk.learn("reset", "1", typed="y\n")
    assert found.returncode == 0
    assert (desk.project / PLACE).read_text("utf-8") == before
    [backup] = desk.state.glob("backups/*")
    assert str(backup) in found.stdout.replace("\n", "")
    assert "My work" in (backup / PLACE).read_text("utf-8")


def test_a_later_start_has_the_earlier_chapters_solved(desk: Desk) -> None:
    desk.change(PLACE, "# 1. Say so.", "# 1. My work.")
    refused = desk.learn("jump", "2", typed="n\n")
    assert refused.returncode == 1
    assert PLACE in refused.stdout
    found = desk.learn("jump", "2", "--yes")
    assert found.returncode == 0
    assert "return Live()" in (desk.project / PLACE).read_text("utf-8")
    [backup] = desk.state.glob("backups/*")
    assert "My work" in (backup / PLACE).read_text("utf-8")
    assert "jumped" in desk.progress["01"]
    assert "passed" not in desk.progress["01"]
    status = desk.learn("status").stdout
    assert "> 02" in status
    assert "0 of 3 done, 2 solved for you" in status
    assert desk.learn("check").stdout.startswith("ch02")
    assert desk.learn("check", "1").returncode == 0
    assert "passed" not in desk.progress["01"]  # by the solution that was put there
    desk.change(PLACE, "return Live()", "return Live() or Live()")
    desk.learn("check", "1")
    assert "passed" in desk.progress["01"]
    desk.learn("reset", "1", "-y")
    assert "jumped" not in desk.progress["01"]


def test_an_open_project_says_so_and_keeps_its_solution(desk: Desk) -> None:
    desk.solve("01")
    desk.solve("02")
    (desk.project / "course/solution.json").unlink()
    assert "This project is open" in desk.learn("status").stdout
    assert desk.learn("check", "1").returncode == 0
    assert desk.learn("reset", "1", "-y").returncode == 2
    assert desk.learn("jump", "2", "-y").returncode == 2
    assert "return Live()" in (desk.project / PLACE).read_text("utf-8")


def test_damaged_notes_are_moved_aside_with_a_word(desk: Desk) -> None:
    desk.state.mkdir()
    (desk.state / "progress.json").write_text("{", "utf-8")
    found = desk.learn("status")
    assert found.returncode == 0
    assert "kept in" in found.stderr
    assert [p.read_text() for p in desk.state.glob("progress-damaged-*.json")] == ["{"]
    assert "damaged" not in desk.learn("status").stderr


def test_a_state_that_cannot_be_written_is_explained(desk: Desk) -> None:
    desk.state.write_text("a file where a folder should be")
    found = desk.learn("status")
    assert found.returncode == 3
    assert str(desk.state) in found.stderr.replace("\n", "")
    assert "Traceback" not in found.stderr


def test_a_fault_of_the_course_is_not_blamed_on_the_learner(desk: Desk) -> None:
    (desk.project / "course/chapters/ch01_live/chapter.toml").write_text("= 3")
    found = desk.learn("status")
    assert found.returncode == 3
    assert "git checkout" in found.stderr
    (desk.project / "course/chapters/ch01_live/chapter.toml").write_text("objective = 'none'")
    found = desk.learn("status")
    assert found.returncode == 3
    assert "not of your work" in found.stderr
    assert "KeyError" in (desk.state / "crash.txt").read_text("utf-8")


def test_the_doctor_says_what_to_type(desk: Desk, tmp_path: Path) -> None:
    desk.environment["PATH"] = str(tmp_path)
    found = desk.learn("doctor")
    assert found.returncode == 1
    said = dict(re.findall(r"^(?:ok |NOT)  ([A-Za-z ]+): (.*)$", found.stdout, re.M))
    assert said.keys() == {
        "Python",
        "uv",
        "packages",
        "ports",
        "course files",
        "model",
        "saved files",
        "grading",
    }
    assert "NOT  model" in found.stdout
    assert "uv run python -m app.models train" in found.stdout
    assert "NOT  uv" in found.stdout
    assert "ok   grading" in found.stdout
    assert said["Python"] == ".".join(map(str, sys.version_info[:3]))
    (tmp_path / "uv").write_text("")
    (tmp_path / "uv").chmod(0o755)
    (desk.project / "var/models/iris").mkdir(parents=True)
    (desk.project / "var/models/iris/current").write_text("5ec28396514b")
    with socket.create_server(("127.0.0.1", 0)):
        found = desk.learn("doctor")
    assert found.returncode == 0, found.stdout
    assert "NOT" not in found.stdout.splitlines()[-1]


def test_the_command_of_the_project_is_this_one() -> None:
    pyproject = (COURSE.parent / "pyproject.toml").read_text("utf-8")
    assert 'learn = "learn.cli:main"' in pyproject

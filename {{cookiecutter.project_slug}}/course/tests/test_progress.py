"""How far a learner has come: nothing that was noted is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from learn.process import COURSE
from learn.progress import VERSION, Progress, ProgressFile

NOTER = """
import sys
from pathlib import Path
from learn.progress import ProgressFile
for _ in range(40):
    with ProgressFile(Path(sys.argv[1])).change() as progress:
        progress.note_attempt(sys.argv[2], ["one"])
        progress.note_attempt("shared", [])
"""


def test_what_is_noted_is_found_again(tmp_path: Path) -> None:
    with ProgressFile(tmp_path).change() as progress:
        progress.current = "03"
        progress.note_attempt("03", ["first"])
        progress.note_attempt("03", ["first", "second"])
        progress.note_pass("03", seed=7)
        progress.note_hint("03", 2)
        progress.note_hint("03", 1)
        progress.note_prediction("03", "Why?", "because")
        progress.note("04", "jumped")
    found = ProgressFile(tmp_path).read()
    assert found.current == "03"
    assert found.attempts("03") == 2
    assert found.of("03")["failures"] == {"first": 2, "second": 1}
    assert found.is_passed("03")
    assert found.of("03")["passed"]["seed"] == 7
    assert found.hints("03") == [1, 2]
    assert found.predictions("03") == {"Why?": "because"}
    assert found.is_done("04")
    assert not found.is_passed("04")
    assert not found.is_done("05")


def test_the_first_pass_counts() -> None:
    progress = Progress()
    progress.note_pass("01", seed=1)
    progress.note_pass("01", seed=2)
    assert progress.of("01")["passed"]["seed"] == 1


def test_reading_notes_nothing(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path)
    assert file.read().attempts("09") == 0
    with file.change() as progress:
        assert progress.hints("09") == []
    assert json.loads(file.path.read_text("utf-8")) == {"version": VERSION, "chapters": {}}


def test_what_another_course_noted_is_kept(tmp_path: Path) -> None:
    theirs = {
        "version": VERSION + 1,
        "shelf": "blue",
        "chapters": {"77": {"medal": 1}, "01": {"attempts": 4, "mood": "good"}},
    }
    file = ProgressFile(tmp_path)
    file.path.write_text(json.dumps(theirs), "utf-8")
    with file.change() as progress:
        progress.note_attempt("01", [])
    kept = json.loads(file.path.read_text("utf-8"))
    assert kept["version"] == VERSION + 1
    assert kept["shelf"] == "blue"
    assert kept["chapters"]["77"] == {"medal": 1}
    assert kept["chapters"]["01"] == {"attempts": 5, "mood": "good", "failures": {}}


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"version": 1}',
        b'{"version": "1", "chapters": {}}',
        b'{"version": 1, "chapters": []}',
        b'{"version": 1, "chapters": {"01": 3}}',
        b'{"version": 1, "chapters": {"01": {"attempts": "many"}}}',
        b'{"version": 1, "chapters": {"01": {"hints": 3}}}',
        b'{"version": 1, "current": 3, "chapters": {}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_moved_aside_and_said(tmp_path: Path, damaged: bytes) -> None:
    told: list[Path] = []
    file = ProgressFile(tmp_path, told.append)
    file.path.write_bytes(damaged)
    assert file.read().attempts("01") == 0
    assert [path.read_bytes() for path in told] == [damaged]
    with file.change() as progress:
        progress.note_attempt("01", [])
    assert ProgressFile(tmp_path).read().attempts("01") == 1
    assert len(told) == 1


def test_an_error_while_changing_writes_nothing(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path)

    def change_and_fail() -> None:
        with file.change() as progress:
            progress.note_attempt("01", [])
            raise KeyError

    with pytest.raises(KeyError):
        change_and_fail()
    assert not file.path.exists()


def test_two_processes_lose_nothing_of_each_others(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", NOTER, str(tmp_path), chapter],
            env={"PYTHONPATH": str(COURSE), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        for chapter in ("01", "02", "03")
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    found = ProgressFile(tmp_path).read()
    assert [found.attempts(chapter) for chapter in ("01", "02", "03")] == [40, 40, 40]
    assert found.attempts("shared") == 120
    assert found.of("01")["failures"] == {"one": 40}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "progress.json"]

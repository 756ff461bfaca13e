"""How far a learner has got: nothing that was recorded is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from learn.chapters.folders import COURSE
from learn.progress.progress_file import ProgressFile
from learn.progress.record import VERSION, Mark, Progress, Record

NOTER = """
import sys
from pathlib import Path
from learn.progress.progress_file import ProgressFile
for _ in range(40):
    with ProgressFile(Path(sys.argv[1])).change() as progress:
        progress.note_attempt(sys.argv[2], ["one"])
        progress.note_attempt("shared", [])
"""


def seed_of(record: Record) -> object:
    """The seed of the first pass."""
    assert record.passed
    return record.passed["seed"]


def test_what_is_noted_is_found_again(tmp_path: Path) -> None:
    with ProgressFile(tmp_path).change() as progress:
        progress.current = "03"
        progress.note_attempt("03", ["first"])
        progress.note_attempt("03", ["first", "second"])
        progress.note_pass("03", seed=7)
        progress.note_hint("03", 2)
        progress.note_hint("03", 1)
        progress.note_prediction("03", "Why?", "because")
        progress.mark("04", Mark.JUMPED)
    found = ProgressFile(tmp_path).read()
    assert found.current == "03"
    assert found.of("03").attempts == 2
    assert found.of("03").failures == {"first": 2, "second": 1}
    assert found.is_passed("03")
    assert seed_of(found.of("03")) == 7
    assert found.of("03").hints == [1, 2]
    assert found.of("03").predictions == {"Why?": "because"}
    assert found.is_done("04")
    assert not found.is_passed("04")
    assert not found.is_done("05")


def test_the_first_pass_counts() -> None:
    progress = Progress()
    progress.note_pass("01", seed=1)
    progress.note_pass("01", seed=2)
    assert seed_of(progress.of("01")) == 1


def test_reading_notes_nothing(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path)
    assert file.read().of("09").attempts == 0
    with file.change() as progress:
        assert progress.of("09").hints == []
    assert json.loads(file.path.read_text("utf-8")) == {"version": VERSION, "chapters": {}}


def test_a_file_of_the_first_edition_is_read_and_stays_as_it_was(tmp_path: Path) -> None:
    chapters = {
        "00": {"predictions": {"Why?": "because"}, "passed": {"at": "2026-01-01", "seed": 7}},
        "01": {"attempts": 2, "failures": {"one": 1}, "hints": [1, 2], "gave_up": "2026-01-02"},
        "02": {"skipped": "2026-01-03"},
        "03": {"jumped": "2026-01-04", "failures": {}, "attempts": 1},
    }
    written = {"version": 1, "current": "02", "chapters": chapters}
    file = ProgressFile(tmp_path)
    file.path.write_text(json.dumps(written), "utf-8")
    with file.change() as progress:
        assert [id_ for id_ in chapters if progress.is_done(id_)] == ["00", "03"]
        assert progress.of("01").marks == {Mark.GAVE_UP: "2026-01-02"}
    assert json.loads(file.path.read_text("utf-8")) == written


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
def test_a_damaged_file_is_moved_aside_and_reported(tmp_path: Path, damaged: bytes) -> None:
    told: list[Path] = []
    file = ProgressFile(tmp_path, told.append)
    file.path.write_bytes(damaged)
    assert file.read().of("01").attempts == 0
    assert [path.read_bytes() for path in told] == [damaged]
    with file.change() as progress:
        progress.note_attempt("01", [])
    assert ProgressFile(tmp_path).read().of("01").attempts == 1
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
    assert [found.of(chapter).attempts for chapter in ("01", "02", "03")] == [40, 40, 40]
    assert found.of("shared").attempts == 120
    assert found.of("01").failures == {"one": 40}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "progress.json"]

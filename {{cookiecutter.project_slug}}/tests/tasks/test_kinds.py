"""The kinds of task: a CSV in, a CSV out, resumed where it stopped; and `wait`."""

import csv
import io
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from app.serving.protocol import Matrix
from app.settings import Settings
from app.tasks.engine.context import TaskContext
from app.tasks.engine.runner import Runner
from app.tasks.kinds.batch_prediction import (
    ROWS_PER_PIECE,
    BadRowError,
    BadUploadError,
    as_csv,
    read_rows,
    split_upload,
)
from app.tasks.kinds.registry import KINDS, UnknownKindError, find_kind
from app.tasks.kinds.wait import STEPS, Wait, wait
from app.tasks.records import NewTask
from app.tasks.schemas import Task, TaskState
from app.tasks.store import TaskStore
from tests.fakes import CARD, HEADER, FakeModel, csv_row
from tests.tasks.helpers import (
    FAST,
    attempt,
    new_task,
    opened_tasks,
    started_runner,
    submitted,
)

SHORT, LONG = csv_row(), csv_row(sepal_length_cm=7)
QUOTED = ",".join(f'"{value}"' for value in SHORT.split(","))
ANSWERS = {SHORT: "short,0.750000,0.250000", LONG: "long,0.250000,0.750000"}
RESULT_HEADER = f"{HEADER},label,probability_short,probability_long"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TaskStore]:
    with opened_tasks(tmp_path / "app.sqlite3") as tasks:
        yield tasks.store


@pytest.fixture
def runner(store: TaskStore, settings: Settings) -> Iterator[Runner]:
    with started_runner(store, settings.model_copy(update=FAST)) as runner:
        yield runner


def upload(text: str | bytes, rows_per_piece: int = ROWS_PER_PIECE) -> NewTask:
    """Return the task that is made from a file."""
    body = text if isinstance(text, bytes) else text.encode()
    payload, pieces = split_upload(io.BytesIO(body), rows_per_piece)
    return new_task("batch-prediction", payload.model_dump_json(), pieces=pieces)


def run(runner: Runner, new: NewTask) -> Task:
    """Return the task after its first attempt."""
    return attempt(runner, submitted(runner.store, new))


def result(store: TaskStore, task: Task) -> str:
    """Return the file that the task wrote."""
    task_id = str(task.id)
    count = store.count_pieces.sync(task_id, "result")
    read = [store.piece.sync(task_id, "result", n) for n in range(count)]
    return b"".join(piece or b"" for piece in read).decode()


def predicted(
    runner: Runner, text: str | bytes, rows_per_piece: int = ROWS_PER_PIECE
) -> list[list[str]]:
    """Return the rows of the result, the header first."""
    task = run(runner, upload(text, rows_per_piece))
    assert task.state is TaskState.SUCCEEDED, task.problem
    return list(csv.reader(io.StringIO(result(runner.store, task)), strict=True))


def problem(
    runner: Runner, text: str | bytes, rows_per_piece: int = ROWS_PER_PIECE
) -> tuple[str, str]:
    """Return the problem with which the task failed."""
    task = run(runner, upload(text, rows_per_piece))
    assert task.state is TaskState.FAILED
    assert task.problem is not None
    return task.problem.type, task.problem.detail


# the registry


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(UnknownKindError):
        find_kind(KINDS, "nothing")


def test_every_example_is_a_payload() -> None:
    for kind in KINDS.values():
        if kind.example:
            kind.payload.model_validate(kind.example)


# a file in, a file out


def test_each_row_comes_back_with_its_answer(runner: Runner) -> None:
    task = run(runner, upload(f"{HEADER}\n{SHORT}\n{LONG}\n"))
    assert (task.state, task.progress) == (TaskState.SUCCEEDED, 1)
    assert task.result == {"model_version": CARD.version}
    assert result(runner.store, task) == (
        f"{RESULT_HEADER}\n{SHORT},{ANSWERS[SHORT]}\n{LONG},{ANSWERS[LONG]}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEADER}\n{SHORT}\n{LONG}\n",
        f"{HEADER}\r\n{SHORT}\r\n{LONG}\r\n",
        f"{HEADER}\n{SHORT}\n{LONG}",
        f"{HEADER}\n\n{SHORT}\n\r\n\n{LONG}\n\n\n",
        f"{HEADER}\n{QUOTED}\n{LONG}\n",
    ],
    ids=["byte-order mark", "windows lines", "no last newline", "blank lines", "quotes"],
)
def test_what_programs_write_is_understood(runner: Runner, text: str) -> None:
    rows = [RESULT_HEADER, f"{SHORT},{ANSWERS[SHORT]}", f"{LONG},{ANSWERS[LONG]}"]
    assert predicted(runner, text) == [row.split(",") for row in rows]


def test_columns_may_come_in_any_order(runner: Runner) -> None:
    header, values = (text.split(",")[::-1] for text in (HEADER, LONG))
    _, row = predicted(runner, f"{','.join(header)}\n{','.join(values)}\n")
    assert row == [*values, *ANSWERS[LONG].split(",")]


def test_other_columns_are_carried_along(runner: Runner) -> None:
    name = 'Iris, "the" größte'
    quoted = '"Iris, ""the"" größte"'
    header, row = predicted(runner, f"name,{HEADER},,\n{quoted},{SHORT},a,\n")
    assert header == ["name", *HEADER.split(","), "", "", *RESULT_HEADER.split(",")[4:]]
    assert row == [name, *SHORT.split(","), "a", "", *ANSWERS[SHORT].split(",")]


def test_a_large_file_goes_through_in_pieces(runner: Runner) -> None:
    rows = [SHORT, LONG, SHORT, LONG, LONG, SHORT, SHORT]
    new = upload("\n".join([HEADER, *rows]), 3)
    assert [zlib.decompress(p).count(b"\n") + 1 for p in new.pieces] == [4, 4, 1]
    task = run(runner, new)
    assert result(runner.store, task).splitlines() == [
        RESULT_HEADER,
        *[f"{row},{ANSWERS[row]}" for row in rows],
    ]
    assert runner.store.count_pieces.sync(new.id, "result") == 3


def test_a_piece_of_blank_lines_is_no_hole(runner: Runner) -> None:
    rows = predicted(runner, f"{HEADER}\n\n\n{SHORT}\n\n\n\n{LONG}\n", 2)
    assert [row[0] for row in rows] == [text.split(",")[0] for text in (HEADER, SHORT, LONG)]


def test_the_default_pieces_have_a_thousand_rows() -> None:
    _, pieces = split_upload(io.BytesIO("\n".join([HEADER, *[SHORT] * 2_500]).encode()))
    assert [len(zlib.decompress(p).splitlines()) for p in pieces] == [1_000, 1_000, 500]


# files that are refused at once


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{SHORT}\n{SHORT}\n",
        f"{HEADER.replace('petal_width_cm', 'petal width')}\n{SHORT}\n",
        f"{HEADER},petal_width_cm\n{SHORT},1\n",
        f"{HEADER.replace(',', ';')}\n{SHORT.replace(',', ';')}\n",
        f"{HEADER.upper()}\n{SHORT}\n",
    ],
    ids=["empty", "blank", "no header", "missing", "twice", "semicolons", "capitals"],
)
def test_a_header_without_each_column_once_is_refused(text: str) -> None:
    with pytest.raises(BadUploadError) as refused:
        upload(text)
    assert refused.value.detail == (
        f"The first line must name each of these columns once: {HEADER}."
    )


@pytest.mark.parametrize(
    "body",
    [
        f"{HEADER}\n{SHORT}\n".encode("utf-16"),
        f"größe,{HEADER}\n1,{SHORT}\n".encode("latin-1"),
        f"{HEADER}\r{SHORT}\r".encode(),
        f'"{HEADER}\n{SHORT}\n'.encode(),
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\xff\xfe",
    ],
    ids=["utf-16", "latin-1", "old mac lines", "open quote", "a zip file"],
)
def test_what_is_not_csv_in_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(BadUploadError) as refused:
        upload(body)
    assert refused.value.detail == "The file is not a CSV in UTF-8; save it as one."


@pytest.mark.parametrize("rows", ["", "\n", "\r\n\n  \n"])
def test_a_file_without_rows_is_refused(rows: str) -> None:
    with pytest.raises(BadUploadError) as refused:
        upload(f"{HEADER}\n{rows}")
    assert refused.value.detail == "The file has a header and no rows."


# rows that fail the task


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (SHORT.rpartition(",")[0], "Line 4 has 3 values, the header 4."),
        (f"{SHORT},", "Line 4 has 5 values, the header 4."),
        (csv_row(petal_width_cm="nan"), "Line 4, petal_width_cm: "),
        (csv_row(petal_length_cm="inf"), "Line 4, petal_length_cm: "),
        (csv_row(sepal_width_cm="-Infinity"), "Line 4, sepal_width_cm: "),
        (csv_row(sepal_length_cm="1e999"), "Line 4, sepal_length_cm: "),
        (csv_row(sepal_length_cm=0), "Line 4, sepal_length_cm: Input should be greater than 0."),
        (
            csv_row(petal_width_cm=31),
            "Line 4, petal_width_cm: Input should be less than or equal to 30.",
        ),
        (csv_row(petal_length_cm=""), "Line 4, petal_length_cm: "),
        (csv_row(sepal_width_cm="true"), "Line 4, sepal_width_cm: "),
        ("a,b,c,d", "Line 4, sepal_length_cm: "),
        (csv_row(sepal_width_cm='"3.5'), "Line 4 is not CSV in UTF-8."),
        (csv_row(sepal_width_cm='"3.5"x'), "Line 4 is not CSV in UTF-8."),
    ],
)
def test_a_bad_row_fails_the_task_and_is_named(runner: Runner, row: str, why: str) -> None:
    name, detail = problem(runner, f"{HEADER}\n{SHORT}\n\n{row}\n{LONG}\n")
    assert name == "urn:problem:BadRow"
    assert detail.startswith(why)
    assert detail.endswith(".")


def test_a_row_that_is_not_in_utf_8_is_named(runner: Runner) -> None:
    body = f"name,{HEADER}\nx,{SHORT}\n".encode() + f"ü,{SHORT}\n".encode("latin-1")
    assert problem(runner, body)[1] == "Line 3 is not CSV in UTF-8."


def test_a_bad_row_of_a_later_piece_is_named_by_its_line_in_the_file(runner: Runner) -> None:
    text = "\n".join([HEADER, *[SHORT] * 5, "no row", SHORT])
    assert problem(runner, text, 2)[1] == "Line 7 has 1 values, the header 4."


def test_the_value_that_was_refused_is_not_repeated(runner: Runner) -> None:
    text = f"{HEADER}\n{csv_row(petal_width_cm='hush')}\n"
    assert "hush" not in problem(runner, text)[1]


def test_lines_are_counted_from_the_header() -> None:
    rows = read_rows(b"a,1\n\nb,2\n", ["name", "number"], 2)
    assert list(rows) == [(2, ["a", "1"]), (4, ["b", "2"])]
    with pytest.raises(BadRowError):
        list(read_rows(b"a\n", ["name", "number"], 2))


def test_values_are_quoted_where_they_must_be() -> None:
    assert as_csv([["a,b", 'say "hi"', ""]]) == b'"a,b","say ""hi""",\n'


# more than one attempt


class BreaksOnce(FakeModel):
    """Fails once, at the prediction of this number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number

    def predict(self, rows: Matrix) -> Matrix:
        """Return probabilities of shape (n, 2) for rows of shape (n, 4)."""
        self.left -= 1
        if self.left == 0:
            raise OSError("bad luck")
        return super().predict(rows)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_another_attempt_goes_on_after_the_last_saved_piece(
    store: TaskStore, settings: Settings, number: int
) -> None:
    rows = [SHORT, LONG, LONG, SHORT, LONG]
    model, options = BreaksOnce(number), settings.model_copy(update=FAST)
    with closing(Runner(store, model, options, KINDS)) as runner:
        task = run(runner, upload("\n".join([HEADER, *rows]), 2))
        assert task.state is TaskState.QUEUED
        assert task.progress == pytest.approx((number - 1) / 3)
        task = attempt(runner, task)
        assert (task.state, task.attempts) == (TaskState.SUCCEEDED, 2)
        expected = [RESULT_HEADER, *[f"{row},{ANSWERS[row]}" for row in rows]]
        assert result(store, task).splitlines() == expected
        assert model.calls.count("predict") == 3  # no piece was predicted twice


# `wait`


class Noted:
    """A context that only records its calls."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.parts: list[float] = []
        self.sleep, self.progress = self.slept.append, self.parts.append


def test_waiting_is_reported_in_ten_steps() -> None:
    noted = Noted()
    assert wait(Wait(seconds=20), cast("TaskContext", noted)) == {"waited_seconds": 20}
    assert noted.slept == [2] * STEPS
    assert noted.parts == [pytest.approx(n / STEPS) for n in range(1, STEPS)]


def test_a_short_wait_is_one_step() -> None:
    noted = Noted()
    assert wait(Wait(seconds=0.2), cast("TaskContext", noted)) == {"waited_seconds": 0.2}
    assert (noted.slept, noted.parts) == ([0.2], [])


def test_a_wait_of_no_time_succeeds(runner: Runner) -> None:
    task = run(runner, new_task("wait", '{"seconds": 0}'))
    assert (task.state, task.result) == (TaskState.SUCCEEDED, {"waited_seconds": 0})


# results that are too large


def test_a_file_that_grows_too_large_fails_the_task(store: TaskStore, settings: Settings) -> None:
    small = settings.model_copy(update=FAST | {"task_result_bytes": 200})
    with started_runner(store, small) as runner:
        task = run(runner, upload("\n".join([HEADER, *[SHORT] * 9]), 1))
        assert task.state is TaskState.FAILED
        assert task.problem is not None
        assert task.problem.type == "urn:problem:ResultTooLarge"
        count = runner.store.count_pieces.sync(str(task.id), "result")
        assert count < 9

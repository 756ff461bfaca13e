"""The kinds of task: a CSV in, a CSV out, resumed where it stopped; and `wait`."""

import csv
import io
import zlib
from collections.abc import Callable, Sequence
from typing import cast

import pytest
from pydantic import BaseModel

from app.kit.columns import Columns
from app.serving.answers import Classification
from app.serving.unseen import InfiniteValueError
from app.settings import Settings
from app.tasks.engine.context import ResultTooLargeError, TaskContext
from app.tasks.engine.runner import Runner
from app.tasks.kinds.csv_format import check_header
from app.tasks.kinds.csv_rows import as_csv, read_rows
from app.tasks.kinds.registry import KINDS, UnknownKindError, find_kind
from app.tasks.kinds.row_format import (
    LONGEST_ROW,
    BadRowError,
    BadUploadError,
    FileForm,
    FileRow,
)
from app.tasks.kinds.upload import BYTES_PER_PIECE, ROWS_PER_PIECE, BatchPrediction, split_upload
from app.tasks.kinds.wait import STEPS, Wait, wait
from app.tasks.records import NewTask
from app.tasks.schemas import TaskState
from app.tasks.store import TaskStore
from tests import fakes
from tests.fakes import (
    CARD,
    HEADER,
    BrokenModel,
    ChangedModel,
    FakeModel,
    Flower,
    csv_row,
    loaded,
    nan_where_long,
)
from tests.tasks.helpers import (
    FAST,
    attempt,
    new_task,
    result,
    run,
    started_runner,
)

SHORT, LONG = csv_row(), csv_row(sepal_length_cm=7)
QUOTED = ",".join(f'"{value}"' for value in SHORT.split(","))
ANSWERS = {SHORT: "short,0.750000,0.250000", LONG: "long,0.250000,0.750000"}
LARGEST = Settings.model_fields["task_result_bytes"].default
SKIP = FileForm(skip_bad_rows=True)
RESULT_HEADER = f"{HEADER},label,probability_short,probability_long"


def upload(
    text: str | bytes,
    rows_per_piece: int = ROWS_PER_PIECE,
    result_bytes: int = LARGEST,
    form: FileForm | None = None,
) -> NewTask:
    """Return the task that is made from a file."""
    body = text if isinstance(text, bytes) else text.encode()
    payload, pieces = split_upload(
        io.BytesIO(body), loaded(FakeModel()), result_bytes, form, rows_per_piece
    )
    return new_task("batch-prediction", payload.model_dump_json(), pieces=pieces)


def first_lines(new: NewTask) -> list[int]:
    """Return the line of the file where each piece of the task begins."""
    return BatchPrediction.model_validate_json(new.payload).lines


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
    assert task.result == {"model": "flower", "model_version": CARD.version}
    assert result(runner.store, task) == (
        f"{RESULT_HEADER}\n{SHORT},{ANSWERS[SHORT]}\n{LONG},{ANSWERS[LONG]}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEADER}\n{SHORT}\n{LONG}\n",
        f"{HEADER}\r\n{SHORT}\r\n{LONG}\r\n",
        f"{HEADER}\r{SHORT}\r{LONG}\r",
        f"{HEADER}\n{SHORT}\r\n{LONG}\r",
        f"{HEADER}\n{SHORT}\n{LONG}\n,,,\n , ,,\n,\n",
        f" {HEADER.replace(',', ' , ')} \n{SHORT.replace(',', ' ,')}\n{LONG}\n",
        f"{HEADER}\n{SHORT}\n{LONG}",
        f"{HEADER}\n\n{SHORT}\n\r\n\n{LONG}\n\n\n",
        f"{HEADER}\n{QUOTED}\n{LONG}\n",
        f"{HEADER}\n{SHORT},\n{LONG}, ,\n",
        f"sep=,\n{HEADER}\n{SHORT}\n{LONG}\n",
        f"\n,,\n{HEADER}\n{SHORT}\n{LONG}\n",
    ],
    ids=[
        "byte-order mark",
        "windows lines",
        "old mac lines",
        "mixed lines",
        "blank rows",
        "spaces",
        "no last newline",
        "blank lines",
        "quotes",
        "empty values at the end",
        "a line for Excel",
        "blank rows first",
    ],
)
@pytest.mark.parametrize("rows_per_piece", [1, ROWS_PER_PIECE])
def test_what_programs_write_is_understood(runner: Runner, text: str, rows_per_piece: int) -> None:
    rows = [RESULT_HEADER, f"{SHORT},{ANSWERS[SHORT]}", f"{LONG},{ANSWERS[LONG]}"]
    found = predicted(runner, text, rows_per_piece)
    assert [[value.strip() for value in row] for row in found] == [row.split(",") for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_comes_back_with_its_own_delimiter_and_in_utf_8(
    runner: Runner, delimiter: str, encoding: str
) -> None:
    rows = [[f"größe{delimiter}cm", *HEADER.split(",")], ["a;b,c", *LONG.split(",")]]
    text = f"sep={delimiter}\r\n" * (encoding == "utf-16") + as_csv(rows, delimiter).decode()
    task = run(runner, upload(text.encode(encoding)))
    found = csv.reader(io.StringIO(result(runner.store, task)), delimiter=delimiter)
    assert list(found) == [
        [*rows[0], *RESULT_HEADER.split(",")[4:]],
        [*rows[1], *ANSWERS[LONG].split(",")],
    ]


@pytest.mark.parametrize("rows_per_piece", [1, ROWS_PER_PIECE])
def test_a_comma_is_a_decimal_mark_between_semicolons(runner: Runner, rows_per_piece: int) -> None:
    whole, broken = "7;3;1;1", csv_row().replace(",", ";").replace(".", ",")
    text = f"change;{HEADER.replace(',', ';')}\n-1,5;{whole}\n=1;{broken}\n"
    task = run(runner, upload(text, rows_per_piece))
    header, first, second = result(runner.store, task).splitlines()
    assert header == f"change;{RESULT_HEADER.replace(',', ';')}"
    assert first == f"-1,5;{whole};long;0,250000;0,750000"
    assert second == f"'=1;{broken};short;0,750000;0,250000"


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("number", ["1,500,000", "1.5,5", "5,", "1,5_0", "1.500", "1.5"])
def test_what_is_no_decimal_comma_is_refused(runner: Runner, number: str, delimiter: str) -> None:
    row = delimiter.join(["1,5", "3", "1", number])
    detail = problem(runner, f"{HEADER.replace(',', delimiter)}\n{row}\n")[1]
    assert detail.startswith("Line 2, petal_width_cm: ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\xff\xfe", "This is a workbook or an archive"),
        (b'[{"sepal_length_cm": 1}]', "This is a JSON array; JSON Lines has"),
    ],
)
def test_a_file_of_another_format_is_named(content: bytes, what: str) -> None:
    with pytest.raises(BadUploadError, match=what):
        upload(content)


class Loan(BaseModel):
    """Features that may be missing."""

    purpose: str
    income: float | None = None


@pytest.mark.parametrize("header", ["purpose", "purpose,incom", "purpose,Income,incomes"])
def test_a_column_that_may_be_empty_must_be_there_all_the_same(header: str) -> None:
    row = FileRow(1, header.encode(), header.split(","))
    with pytest.raises(BadUploadError, match=r"repeated: income\. Optional ones may be empty\.$"):
        check_header(row, Columns(Loan))
    with pytest.raises(BadUploadError, match=r"repeated: purpose\.$"):
        check_header(FileRow(1, b"", ["income"]), Columns(Loan))


class UnwrittenModel(FakeModel):
    """Answers with a label and no probability, of which a CSV has no cells."""

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Give some rows such an answer, but never the example."""
        return [
            Classification(label="short", probabilities={})
            if row.sepal_length_cm == 7
            else fakes.SHORT
            for row in rows
        ]


@pytest.mark.parametrize("skip", [False, True])
def test_an_answer_that_makes_no_cells_fails_its_row_alone(
    store: TaskStore, settings: Settings, skip: bool
) -> None:
    new = upload(f"{HEADER}\n{SHORT}\n{LONG}\n{SHORT}\n", form=SKIP if skip else None)
    with started_runner(store, settings, model=UnwrittenModel()) as runner:
        task = run(runner, new)
        if not skip:
            assert task.problem is not None
            assert task.problem.detail.startswith("Line 3: The model gave something that cannot")
            return
        _, first, bad, last = result(runner.store, task).splitlines()
    assert first == last == f"{SHORT},{ANSWERS[SHORT]},"
    assert bad.startswith(f"{LONG},,,,Line 3: The model gave something that cannot be written")


def test_a_comma_in_a_text_is_no_decimal_mark(runner: Runner) -> None:
    text = f"note;{HEADER.replace(',', ';')}\na,b;{SHORT.replace(',', ';')}\n"
    assert result(runner.store, run(runner, upload(text))).endswith(";short;0.750000;0.250000\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_break_in_quotes_ends_no_row(runner: Runner, end: str) -> None:
    note = f"two{end}{end}lines"
    body = end.join([f"note,{HEADER}", *[f'"{note}",{SHORT}'] * 3])
    found = predicted(runner, body, 2)
    assert (
        found[1:]
        == [[note.replace("\r\n", "\n"), *SHORT.split(","), *ANSWERS[SHORT].split(",")]] * 3
    )
    assert problem(runner, f"{body}{end}x,{csv_row(petal_width_cm=0)}", 2)[1].startswith("Line 11,")


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


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "＝1+1"])  # noqa: RUF001
def test_no_formula_comes_back(runner: Runner, text: str) -> None:
    header, row = predicted(runner, f'"{text}",{HEADER}\n"{text}",{SHORT}\n')
    assert (header[0], row[0]) == (f"'{text.strip()}", f"'{text}")


@pytest.mark.parametrize("text", ["-1", "-1.5e-3", "+5", "a=b", "", "'=1", " "])
def test_what_is_no_formula_stays_as_it_was(runner: Runner, text: str) -> None:
    _, row = predicted(runner, f"note,{HEADER}\n{text},{SHORT}\n")
    assert row[0] == text


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


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_default_pieces_have_a_thousand_rows(end: str) -> None:
    new = upload(end.join([HEADER, *[SHORT] * 2_500]))
    assert [len(zlib.decompress(p).splitlines()) for p in new.pieces] == [1_000, 1_000, 500]
    assert first_lines(new) == [2, 1_002, 2_002]


def test_a_piece_of_long_rows_is_small_too() -> None:
    """What a piece takes in memory has a limit, so one file cannot harm the tasks beside it."""
    new = upload("\n".join([f"note,{HEADER}", *[f"{'x' * 99_000},{SHORT}"] * 10]))
    sizes = [len(zlib.decompress(p)) for p in new.pieces]
    assert max(sizes) < BYTES_PER_PIECE + LONGEST_ROW
    assert first_lines(new) == [2, 5, 8, 11]


def test_a_task_that_an_older_version_accepted_is_finished(runner: Runner) -> None:
    rows = [SHORT, LONG, csv_row(petal_width_cm=0)]
    new = upload("\n".join([HEADER, *rows]), 2)
    payload = BatchPrediction.model_validate_json(new.payload)
    old = new_task(
        "batch-prediction", payload.model_dump_json(exclude={"lines"}), pieces=new.pieces
    )
    detail = run(runner, old).problem
    assert detail is not None
    assert detail.detail.startswith("Line 4, petal_width_cm: ")


def test_a_task_that_was_accepted_before_a_feature_was_added_fails_by_name(runner: Runner) -> None:
    new = upload(f"{HEADER}\n{SHORT}\n")
    columns = HEADER.replace("petal_width_cm", "petal_weight_g").split(",")
    payload = BatchPrediction.model_validate_json(new.payload)
    old = payload.model_copy(update={"columns": columns}).model_dump_json()
    task = run(runner, new_task("batch-prediction", old, pieces=new.pieces))
    assert (task.state, task.problem and task.problem.detail) == (
        TaskState.FAILED,
        "Line 2, petal_width_cm: Field required.",
    )


# files that are refused at once


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{SHORT}\n{SHORT}\n",
        f"{HEADER.replace('petal_width_cm', 'petal width')}\n{SHORT}\n",
        f"{HEADER},petal_width_cm\n{SHORT},1\n",
        f"{HEADER.replace(',', '|')}\n{SHORT.replace(',', '|')}\n",
        f"{HEADER.upper()}\n{SHORT}\n",
    ],
    ids=["empty", "blank", "no header", "missing", "twice", "bars", "capitals"],
)
def test_a_header_without_each_column_once_is_refused(text: str) -> None:
    with pytest.raises(BadUploadError) as refused:
        upload(text)
    start = (
        "The first line must name each of these columns once, between commas, semicolons or tabs: "
        f"{HEADER}. "
    )
    assert refused.value.detail.startswith(f"{start}Missing or repeated: ")
    assert "petal_width_cm" in refused.value.detail[len(start) :]


@pytest.mark.parametrize(
    ("body", "line", "pages"),
    [
        (f"größe,{HEADER}\n1,{SHORT}\n".encode("latin-1"), 1, "cp1252 or cp949 or cp932"),
        (f"꽃,{HEADER}\n1,{SHORT}\n".encode("cp949"), 1, "cp1252 or cp949 or cp932"),
        (f"name,{HEADER}\nx,{SHORT}\nü,{SHORT}\n".encode("latin-1"), 3, "cp1252"),
        (f"name,{HEADER}\n".encode() + f"x,{SHORT}\n".encode() * 5_000 + b"\x81", 5_002, ""),
    ],
    ids=["latin-1", "cp949", "a row in latin-1", "the last row"],
)
def test_what_is_not_in_utf_8_is_refused_with_what_it_may_be(
    body: bytes, line: int, pages: str
) -> None:
    with pytest.raises(BadRowError) as refused:
        upload(body)
    perhaps = f" (perhaps in {pages})" if pages else ""
    how = 'in a spreadsheet, save the file as "CSV UTF-8".'
    assert refused.value.detail == f"Line {line} is not in UTF-8{perhaps}; {how}"


@pytest.mark.parametrize("end", [b"\n", b"\x00\xd8\n\x00"], ids=["half a letter", "half a pair"])
def test_a_torn_file_in_utf_16_is_refused(end: bytes) -> None:
    with pytest.raises(BadRowError, match=r"^Line \d+ is not in UTF-16\.$"):
        upload(f"{HEADER}\n{SHORT}\n".encode("utf-16") + end)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (SHORT.rpartition(",")[0], " has 3 values, the header 4."),
        (f"{SHORT},,x", " has 6 values, the header 4."),
        ("no row", " has 1 values, the header 4."),
        (csv_row(sepal_width_cm='"3.5'), " is not CSV: unexpected end of data."),
        (csv_row(sepal_width_cm='"3.5"x'), " is not CSV: ',' expected after '\"'."),
        ("x" * (LONGEST_ROW + 1), " begins a row of more than 131,072 characters; is"),
        (csv_row(sepal_width_cm='"' + "\n" * LONGEST_ROW), " begins a row of more than 131,072"),
        ('"\n",' * LONGEST_ROW, " begins a row of more than 131,072"),
    ],
    ids=[
        "too few",
        "too many",
        "one",
        "open quote",
        "text after a quote",
        "long value",
        "open quote over many lines",
        "many values over many lines",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_of_another_form_is_refused(row: str, why: str, end: str) -> None:
    with pytest.raises(BadRowError) as refused:
        upload(end.join([HEADER, SHORT, "", row, LONG, ""]), 2)
    assert refused.value.detail.startswith(f"Line 4{why}")


def test_the_longest_row_is_accepted(runner: Runner) -> None:
    note = "x" * (LONGEST_ROW - len(f",{SHORT}\r\n"))
    assert predicted(runner, f"note,{HEADER}\r\n{note},{SHORT}\r\n{note},{SHORT}\r\n")[1][0] == note


@pytest.mark.parametrize("rows", ["", "\n", "\r\n\n  \n"])
def test_a_file_without_rows_is_refused(rows: str) -> None:
    with pytest.raises(BadUploadError) as refused:
        upload(f"{HEADER}\n{rows}")
    assert refused.value.detail == "The file has no rows."


# rows that fail the task


@pytest.mark.parametrize(
    ("row", "why"),
    [
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
        (csv_row(sepal_width_cm="1_0"), "Line 4, sepal_width_cm: a number has no underscore."),
        (csv_row(sepal_width_cm="\N{ARABIC-INDIC DIGIT FIVE}"), "Line 4, sepal_width_cm: "),
        (csv_row(sepal_width_cm="0x10"), "Line 4, sepal_width_cm: "),
        (csv_row(sepal_width_cm='"3,5"'), "Line 4, sepal_width_cm: "),
    ],
)
def test_a_bad_row_fails_the_task_and_is_named(runner: Runner, row: str, why: str) -> None:
    name, detail = problem(runner, f"{HEADER}\n{SHORT}\n\n{row}\n{LONG}\n")
    assert name == "urn:problem:BadRow"
    assert detail.startswith(why)
    assert detail.endswith(".")


def test_a_bad_row_of_a_later_piece_is_named_by_its_line_in_the_file(runner: Runner) -> None:
    text = "\n".join([HEADER, *[SHORT] * 5, "a,b,c,d", SHORT])
    assert problem(runner, text, 2)[1].startswith("Line 7, sepal_length_cm: ")


@pytest.mark.parametrize("number", [" 3.5 ", "3.5e0", "+3.5", "35E-1", "\t3.5"])
def test_a_number_may_be_written_like_this(runner: Runner, number: str) -> None:
    assert predicted(runner, f"{HEADER}\n{csv_row(sepal_width_cm=number)}\n")[1][1] == number


def test_the_value_that_was_refused_is_not_repeated(runner: Runner) -> None:
    text = f"{HEADER}\n{csv_row(petal_width_cm='hush')}\n"
    assert "hush" not in problem(runner, text)[1]


def test_lines_are_counted_from_where_the_piece_begins() -> None:
    rows = read_rows(io.BytesIO(b'a,1\n\n"b\n",2\nc,3'), 2)
    assert [(row.line, row.values) for row in rows] == [
        (2, ["a", "1"]),
        (3, []),
        (4, ["b\n", "2"]),
        (6, ["c", "3"]),
    ]


def test_values_are_quoted_where_they_must_be() -> None:
    assert as_csv([["a,b", 'say "hi"', ""]]) == b'"a,b","say ""hi""",\n'


# bad rows that are skipped

GOOD_END = "," + ANSWERS[SHORT] + ","


def skipped(runner: Runner, text: str, rows_per_piece: int = ROWS_PER_PIECE) -> list[str]:
    """Return the lines of the result of a file whose bad rows are skipped."""
    task = run(runner, upload(text, rows_per_piece, form=SKIP))
    assert task.state is TaskState.SUCCEEDED, task.problem
    return result(runner.store, task).splitlines()


@pytest.mark.parametrize("rows_per_piece", [1, 2, 100])
def test_a_bad_row_that_is_skipped_says_what_is_wrong(runner: Runner, rows_per_piece: int) -> None:
    wrong, short, long = SHORT.replace("5.1", "?"), "5.1,3.5", f"{SHORT},more,=1"
    text = "\n".join([HEADER, SHORT, wrong, "", short, long, SHORT])
    header, first, *bad, last = skipped(runner, text, rows_per_piece)
    assert header == f"{RESULT_HEADER},error"
    assert first == last == SHORT + GOOD_END
    unparsed = "Input should be a valid number, unable to parse string as a number"
    assert bad == [
        f'{wrong},,,,"Line 3, sepal_length_cm: {unparsed}."',
        '5.1,3.5,,,,,,"Line 5 has 2 values, the header 4."',
        f'{SHORT},,,,"Line 6 has 6 values, the header 4."',
    ]


def test_a_file_of_bad_rows_alone_can_be_skipped(runner: Runner) -> None:
    header, *rows = skipped(runner, f"{HEADER}\n?,1,1,1\n1\n")
    assert header.endswith(",error")
    assert len(rows) == 2


def test_a_model_that_fails_at_everything_skips_no_row(
    store: TaskStore, settings: Settings
) -> None:
    options = settings.model_copy(update=FAST | {"task_max_attempts": 1})
    with started_runner(store, options, model=BrokenModel()) as runner:
        task = run(runner, upload(f"{HEADER}\n{SHORT}\n{LONG}\n", form=SKIP))
    assert task.state is TaskState.DEAD
    assert task.problem is not None
    assert task.problem.detail == "The model failed; the log has the cause."


# more than one attempt


class Breaks(FakeModel):
    """Fails from the prediction of this number on, whatever it is asked, until it is mended."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.left = number
        self.mended = False

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Return an answer for each flower."""
        self.left -= 1
        if self.left <= 0 and not self.mended:
            raise OSError("bad luck")
        return super().predict(rows)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_another_attempt_goes_on_after_the_last_saved_piece(
    store: TaskStore, settings: Settings, number: int
) -> None:
    rows = [SHORT, LONG, LONG, SHORT, LONG]
    model, options = Breaks(number), settings.model_copy(update=FAST)
    with started_runner(store, options, model=model) as runner:
        task = run(runner, upload("\n".join([HEADER, *rows]), 2))
        assert task.state is TaskState.QUEUED
        assert task.progress == pytest.approx((number - 1) / 3)
        model.mended = True
        task = attempt(runner, task)
        assert (task.state, task.attempts) == (TaskState.SUCCEEDED, 2)
        expected = [RESULT_HEADER, *[f"{row},{ANSWERS[row]}" for row in rows]]
        assert result(store, task).splitlines() == expected
        assert model.calls.count("predict") == 3  # no piece was predicted twice


class Retrained(FakeModel):
    """The next version, which has one more label."""

    card = CARD.model_copy(update={"version": "111111111111", "labels": ["short", "long", "odd"]})

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Return an answer for each flower, with the new label."""
        return [
            Classification(label=a.label, probabilities={**a.probabilities, "odd": 0})
            for a in super().predict(rows)
        ]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_one_version_of_the_model_answers_all_rows(
    store: TaskStore, settings: Settings, number: int
) -> None:
    """The first attempt ends in the middle of the file, and the second has another model."""
    rows, options = [SHORT, LONG, LONG, SHORT, LONG], settings.model_copy(update=FAST)
    with started_runner(store, options, model=Breaks(number)) as runner:
        task = run(runner, upload("\n".join([HEADER, *rows]), 2))
    with started_runner(store, options, model=Retrained()) as runner:
        task = attempt(runner, task)
    assert (task.state, task.progress) == (TaskState.SUCCEEDED, 1)
    assert task.result == {"model": "flower", "model_version": "111111111111"}
    answers = [f"{row},{ANSWERS[row]},0.000000" for row in rows]
    assert result(store, task).splitlines() == [f"{RESULT_HEADER},probability_odd", *answers]


class Replaced(FakeModel):
    """Has another version take its place at its first prediction."""

    def __init__(self) -> None:
        super().__init__()
        self.replace: Callable[[], object] = print

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Be replaced, then answer for each flower."""
        self.replace()
        return super().predict(rows)


def test_a_version_that_comes_meanwhile_answers_no_row(
    store: TaskStore, settings: Settings
) -> None:
    rows, options = [SHORT, LONG, LONG, SHORT, LONG], settings.model_copy(update=FAST)
    model = Replaced()
    with started_runner(store, options, model=model) as runner:
        current = runner.models.first.current
        model.replace = lambda: current.replace(loaded(Retrained()))
        task = run(runner, upload("\n".join([HEADER, *rows]), 2))
    assert task.result == {"model": "flower", "model_version": CARD.version}
    assert result(store, task).splitlines() == [RESULT_HEADER, *[f"{r},{ANSWERS[r]}" for r in rows]]
    assert model.calls == ["load", "predict", "predict", "predict", "close"]


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


# answers that are none


class Refuses(FakeModel):
    """Raises an error at a long flower, whatever is asked with it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.error: Exception = KeyError("/etc/secret-path")

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Return an answer for each flower, or raise the error."""
        self.asked.append(len(rows))
        if any(row.sepal_length_cm > 6 for row in rows):
            raise self.error
        return super().predict(rows)


FAILS: dict[str, tuple[Callable[[], FakeModel], str]] = {
    "bad answer": (
        lambda: ChangedModel(nan_where_long),
        "The model gave nan for probabilities.long (input should be a finite number).",
    ),
    "raises": (Refuses, "The model failed; the log has the cause."),
}


@pytest.mark.parametrize("fault", FAILS)
@pytest.mark.parametrize("rows_per_piece", [2, 100])
def test_the_row_that_the_model_fails_at_is_named(
    store: TaskStore, settings: Settings, fault: str, rows_per_piece: int
) -> None:
    make, why = FAILS[fault]
    options = settings.model_copy(update=FAST | {"task_max_attempts": 1})
    text = "\n".join([HEADER, SHORT, SHORT, "", SHORT, LONG, SHORT, LONG])
    with started_runner(store, options, model=make()) as runner:
        task = run(runner, upload(text, rows_per_piece))
    assert task.state is TaskState.DEAD
    assert task.problem is not None
    assert task.problem.detail == f"Line 6: {why}"


@pytest.mark.parametrize("fault", FAILS)
@pytest.mark.parametrize("rows_per_piece", [1, 2, 100])
def test_a_row_that_the_model_fails_at_can_be_skipped(
    store: TaskStore, settings: Settings, fault: str, rows_per_piece: int
) -> None:
    make, why = FAILS[fault]
    text = "\n".join([HEADER, SHORT, "?,1,1,1", "", LONG, SHORT])
    with started_runner(store, settings.model_copy(update=FAST), model=make()) as runner:
        task = run(runner, upload(text, rows_per_piece, form=SKIP))
    assert task.state is TaskState.SUCCEEDED, task.problem
    _, first, unread, bad, last = result(store, task).splitlines()
    assert first == last == SHORT + GOOD_END
    assert "Line 3, sepal_length_cm: " in unread
    assert bad == f"{LONG},,,,Line 5: {why}"


def test_a_number_that_the_model_cannot_hold_fails_the_task_at_once(
    store: TaskStore, settings: Settings
) -> None:
    model = Refuses()
    model.error = InfiniteValueError("rooms is too large.")
    with started_runner(store, settings.model_copy(update=FAST), model=model) as runner:
        task = run(runner, upload(f"{HEADER}\n{SHORT}\n{LONG}\n"))
    assert task.state is TaskState.FAILED
    assert task.problem is not None
    assert task.problem.detail == "Line 3: rooms is too large."


def test_each_answer_names_its_version_on_request(runner: Runner) -> None:
    form = FileForm(skip_bad_rows=True, model_version=True)
    task = run(runner, upload(f"{HEADER}\n{SHORT}\n?,1,1,1\n", form=form))
    header, good, bad = result(runner.store, task).splitlines()
    assert header == f"{RESULT_HEADER},model_version,error"
    assert good == f"{SHORT},{ANSWERS[SHORT]},{CARD.version},"
    assert bad.startswith('?,1,1,1,,,,,"Line 3, ')


def test_the_row_that_the_model_fails_at_is_found_in_few_calls(
    store: TaskStore, settings: Settings
) -> None:
    model = Refuses()
    text = "\n".join([HEADER, *[SHORT] * 130, LONG, *[SHORT] * 69])
    with started_runner(store, settings.model_copy(update=FAST), model=model) as runner:
        assert run(runner, upload(text, form=SKIP)).state is TaskState.SUCCEEDED
    assert model.asked[:3] == [200, 100, 100]
    assert len(model.asked) < 20


# results that are too large


@pytest.mark.parametrize(
    "note", ["", "plain", '5" pipe', '"a ""b"""', "=1", '"=1\n"', "-", "@ü", '=5" pipe']
)
def test_what_is_accepted_can_be_finished(store: TaskStore, settings: Settings, note: str) -> None:
    """A limit that is one byte too small for the result is noticed at the upload."""
    notes = ",".join([note] * 9)
    text = "\n".join([f"{notes},{HEADER}", *[f"{notes},{SHORT}"] * 50])
    with started_runner(store, settings.model_copy(update=FAST)) as runner:
        size = len(result(store, run(runner, upload(text, 20))).encode())
    with pytest.raises(ResultTooLargeError) as refused:
        upload(text, 20, size - 1)
    assert "; split the file into " in refused.value.detail
    upload(text, 20, 3 * size)  # quotes are taken for three bytes too many


@pytest.mark.parametrize(
    "row", ["1,1,1,1", '"1",1,1,1', "1,1,1,1" + ",=" * 99, "1,1,1,1" + ',""' * 99]
)
def test_the_default_limits_fit_each_other(row: str) -> None:
    """The files whose results grow the most, at a thousandth of the largest size."""
    largest = Settings.model_fields["task_upload_bytes"].default // 1_000
    model = FakeModel()
    model.card = CARD.model_copy(update={"labels": ["setosa", "versicolor", "virginica"]})
    header = HEADER + "," * (row.count(",") - HEADER.count(","))
    body = "\n".join([header, *[row] * (largest // (len(row) + 1))])
    split_upload(io.BytesIO(body.encode()), loaded(model), LARGEST // 1_000)


def test_a_result_that_grows_too_large_all_the_same_fails_the_task(
    store: TaskStore, settings: Settings
) -> None:
    small = settings.model_copy(update=FAST | {"task_result_bytes": 200})
    with started_runner(store, small) as runner:
        task = run(runner, upload("\n".join([HEADER, *[SHORT] * 9]), 1))
        assert task.state is TaskState.FAILED
        assert task.problem is not None
        assert task.problem.type == "urn:problem:ResultTooLarge"
        count = runner.store.count_pieces.sync(str(task.id), "result")
        assert count < 9

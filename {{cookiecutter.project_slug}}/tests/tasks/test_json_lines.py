"""JSON Lines in, JSON Lines out."""

import io
import json
from typing import Any

import pytest

from app.settings import Settings
from app.tasks.engine.context import ResultTooLargeError
from app.tasks.engine.runner import Runner
from app.tasks.kinds.json_lines import read_lines
from app.tasks.kinds.row_format import LONGEST_ROW, BadRowError, BadUploadError, FileForm
from app.tasks.kinds.upload import ROWS_PER_PIECE, split_upload
from app.tasks.records import NewTask
from app.tasks.schemas import TaskState
from app.tasks.store import TaskStore
from tests.fakes import CARD, FLOWER, LONG, SHORT, ChangedModel, FakeModel, loaded, nan_where_long
from tests.tasks.helpers import FAST, new_task, result, run, started_runner

LONG_FLOWER = FLOWER | {"sepal_length_cm": 7}
SHORT_LINE, LONG_LINE = json.dumps(FLOWER), json.dumps(LONG_FLOWER)
ANSWERS = {name: answer.model_dump() for name, answer in (("short", SHORT), ("long", LONG))}
SKIP = FileForm(skip_bad_rows=True)
LARGEST = Settings.model_fields["task_result_bytes"].default


def upload(
    text: str | bytes,
    form: FileForm | None = None,
    size: int = ROWS_PER_PIECE,
    result_bytes: int = LARGEST,
) -> NewTask:
    """Return the task that is made from a file."""
    body = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    payload, pieces = split_upload(body, loaded(FakeModel()), result_bytes, form, size)
    assert payload.format == "jsonl"
    return new_task("batch-prediction", payload.model_dump_json(), pieces=pieces)


def lines(runner: Runner, new: NewTask) -> list[str]:
    """Return the lines of the result."""
    task = run(runner, new)
    assert task.state is TaskState.SUCCEEDED, task.problem
    return result(runner.store, task).splitlines()


@pytest.mark.parametrize("size", [1, 2, ROWS_PER_PIECE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_line_comes_back_with_its_prediction(
    runner: Runner, size: int, encoding: str, end: str
) -> None:
    rows = [FLOWER | {"größe": 1}, LONG_FLOWER, FLOWER]
    text = end.join(["", *[json.dumps(row, ensure_ascii=False) for row in rows], "", " "])
    found = [json.loads(line) for line in lines(runner, upload(text.encode(encoding), size=size))]
    labels = ["short", "long", "short"]
    assert found == [
        row | {"prediction": ANSWERS[label]} for row, label in zip(rows, labels, strict=True)
    ]


@pytest.mark.parametrize("name", ["Petal_width_cm", "petal_widht_cm", "petal width cm"])
def test_what_is_nearly_the_name_of_a_feature_is_refused(runner: Runner, name: str) -> None:
    row = {name if n == "petal_width_cm" else n: value for n, value in FLOWER.items()}
    task = run(runner, upload(json.dumps(row | {"id": 1})))
    assert task.problem is not None
    why = f"Line 1: is '{name}' the feature petal_width_cm? Rename it."
    assert task.problem.detail == why


def test_what_is_no_feature_comes_back_to_the_last_digit(runner: Runner) -> None:
    more = '"id": 12345678901234567890, "label": "truth", "x": [1.10, {"a": null}]'
    (line,) = lines(runner, upload(f"  {SHORT_LINE[:-1]}, {more} }} "))
    prediction = json.dumps(ANSWERS["short"], separators=(",", ":"))
    assert line == f'{SHORT_LINE[:-1]}, {more},"prediction":{prediction}' + "}"


def test_the_version_is_a_part_of_the_prediction_on_request(runner: Runner) -> None:
    (line,) = lines(runner, upload(SHORT_LINE, FileForm(model_version=True)))
    answer = ANSWERS["short"] | {"model_version": CARD.version}
    assert json.loads(line)["prediction"] == answer


BAD_FORMS = {
    "[1]": "is not a JSON object.",
    "5.1,3.5,1.4,0.2": "is not JSON: ",
    SHORT_LINE[:-1]: "is not JSON: EOF while parsing an object at character ",
    SHORT_LINE.replace("5.1", "NaN"): "is not JSON: ",
    f"{SHORT_LINE} {SHORT_LINE}": "is not JSON: trailing characters at character ",
    json.dumps(FLOWER | {"prediction": 1}): "has prediction, which the result adds: rename it.",
    json.dumps(FLOWER | {"error": 1}): "has error, which the result adds: rename it.",
    '{"a": "\\ud800"}': "is not JSON: ",
    '{"a": ' + "[" * 500 + "]" * 500 + "}": "is not JSON: recursion limit exceeded",
}
BAD_VALUES: dict[str, Any] = {
    json.dumps(LONG_FLOWER | {"petal_width_cm": 0}): ", petal_width_cm: Input should be greater",
    json.dumps(LONG_FLOWER | {"petal_width_cm": "1"}): ", petal_width_cm: Input should be a valid",
    json.dumps(LONG_FLOWER | {"petal_width_cm": None}): ", petal_width_cm: Input should be a",
    SHORT_LINE.replace("5.1", "1e999"): ", sepal_length_cm: Input should be",
    SHORT_LINE.replace("5.1", "9" * 400): ", sepal_length_cm: Input should be",
    "{}": ", sepal_length_cm: Field required.",
}


@pytest.mark.parametrize("line", BAD_FORMS)
def test_a_line_of_another_form_is_refused_at_the_upload(line: str) -> None:
    with pytest.raises(BadRowError) as refused:
        upload(f"{SHORT_LINE}\n\n{line}\n{SHORT_LINE}\n", size=1)
    assert refused.value.detail.startswith(f"Line 3 {BAD_FORMS[line]}")


@pytest.mark.parametrize("line", BAD_VALUES)
@pytest.mark.parametrize("size", [1, 100])
def test_a_bad_value_fails_the_task_and_is_named(runner: Runner, line: str, size: int) -> None:
    task = run(runner, upload(f"{SHORT_LINE}\n\n{line}\n{SHORT_LINE}\n", size=size))
    assert task.state is TaskState.FAILED
    assert task.problem is not None
    assert task.problem.type == "urn:problem:BadRow"
    assert task.problem.detail.startswith(f"Line 3{BAD_VALUES[line]}")


@pytest.mark.parametrize("size", [1, 100])
def test_bad_rows_can_be_skipped(runner: Runner, size: int) -> None:
    bad = [*BAD_FORMS, *BAD_VALUES]
    first, *found, last = lines(
        runner, upload("\n".join([SHORT_LINE, *bad, SHORT_LINE]), SKIP, size)
    )
    assert first == last
    rows = [json.loads(line) for line in found]
    for number, (row, line) in enumerate(zip(rows, bad, strict=True), 2):
        why = f" {BAD_FORMS[line]}" if line in BAD_FORMS else BAD_VALUES[line]
        assert row["error"].startswith(f"Line {number}{why}")
        kept = {} if line in BAD_FORMS else json.loads(line)
        assert row == kept | {"error": row["error"]}


def test_a_row_that_the_model_fails_at_can_be_skipped(store: TaskStore, settings: Settings) -> None:
    model = ChangedModel(nan_where_long)
    with started_runner(store, settings.model_copy(update=FAST), model=model) as runner:
        text = "\n".join([SHORT_LINE, LONG_LINE, SHORT_LINE])
        _, bad, _ = map(json.loads, lines(runner, upload(text, SKIP)))
    assert bad.pop("error").startswith("Line 2: The model gave nan for probabilities.long ")
    assert bad == LONG_FLOWER


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_rows_is_refused(text: str) -> None:
    with pytest.raises(BadUploadError, match=r"^The file has no rows\.$"):
        upload(text, FileForm(format="jsonl"))


def test_a_line_has_a_length_and_an_encoding() -> None:
    with pytest.raises(BadRowError, match=r"^Line 2 has more than 131,072 characters\.$"):
        upload(f"{SHORT_LINE}\n{SHORT_LINE[:-1]}{' ' * LONGEST_ROW}}}")
    with pytest.raises(BadRowError, match=r"^Line 2 is not in UTF-8 \(perhaps in cp1252"):
        upload(f'{SHORT_LINE}\n{SHORT_LINE[:-1]}, "a": "ü"}}'.encode("cp1252"))
    with pytest.raises(BadRowError, match=r"^Line \d is not in UTF-16\.$"):
        upload(f"{SHORT_LINE}\n".encode("utf-16") + b"\n")
    assert [row.line for row in read_lines(io.BytesIO(b"{}\n\n{}"), 5)] == [5, 6, 7]


@pytest.mark.parametrize("more", ["", ', "note": "\\" =1 \\\\ ü"', ', "n": 1.10'])
@pytest.mark.parametrize("form", [FileForm(), FileForm(model_version=True), SKIP])
def test_what_is_accepted_can_be_finished(runner: Runner, form: FileForm, more: str) -> None:
    """A limit that is one byte too small for the result is noticed at the upload."""
    text = "\n".join([f"{SHORT_LINE[:-1]}{more}}}"] * 50)
    size = len("\n".join([*lines(runner, upload(text, form, 20)), ""]).encode())
    with pytest.raises(ResultTooLargeError, match="; split the file into "):
        upload(text, form, 20, size - 1)
    upload(text, form, 20, 5 * size)

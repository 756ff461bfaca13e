"""`batch-prediction`: a CSV with a row for each prediction, and the same CSV with the answers.

Each piece of the upload gives a piece of the result, stored in one transaction with the progress:
after a crash, the next attempt continues. One model answers all rows: under another version, the
next attempt begins again.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from app.kit.columns import CellError, Columns
from app.serving.answers import Answer
from app.serving.batching import BatchingModel
from app.serving.errors import BadAnswerError
from app.serving.loaded import LoadedModel
from app.tasks.engine.context import TaskContext
from app.tasks.kinds.csv_rows import BadRowError, CsvRow, as_csv, read_rows
from app.tasks.kinds.csv_upload import BatchPrediction, check_width, columns_of, result_header

decimal_comma = re.compile(r"^(\s*[-+]?\d*),(\d+)(?=\s*$|[eE])").sub
Version = LoadedModel[Any, Any]


def predict_batch(payload: BatchPrediction, task: TaskContext) -> dict[str, Any]:
    """Predict every row, piece by piece, from the first that this version has not answered."""
    model = task.models.get(payload.model) if payload.model else task.models.first
    with model.current.pinned() as version:
        card = version.card
        answered = task.resume(card.model_dump_json(include={"name", "version", "labels"}))
        for number in range(answered, payload.pieces):
            piece = io.BytesIO(zlib.decompress(task.input_piece(number) or b""))
            read = read_rows(piece, payload.first_line(number), delimiter=payload.delimiter)
            rows = [row for row in read if not row.blank]
            answers = predict_rows(model, version, payload, rows)
            if number == 0:
                answers = header(payload, version) + answers
            task.save((number + 1) / payload.pieces, answers)
    return {"model": model.served.name, "model_version": card.version}


def header(file: BatchPrediction, version: Version) -> bytes:
    """Return the first line of the result."""
    errors = file.skip_bad_rows
    return result_header(file.columns, version, file.delimiter, with_errors=errors)


def predict_rows(
    model: BatchingModel[Any, Any], version: Version, file: BatchPrediction, rows: list[CsvRow]
) -> bytes:
    """Return each row with its answer, as CSV; an error names the first bad row."""
    read = partial(parse_row, file=file, columns=columns_of(version.served))
    asked = [or_error(read, row) for row in rows] if file.skip_bad_rows else [*map(read, rows)]
    good = [row for row, one in zip(rows, asked, strict=True) if not isinstance(one, BadRowError)]
    features = [one for one in asked if not isinstance(one, BadRowError)]
    try:
        answers: Iterator[Answer] = iter(model.predict(features, version) if features else ())
    except BadAnswerError as error:
        if error.row is None:
            raise
        raise BadAnswerError(f"{error.fault}, for line {good[error.row].line}") from error
    mark, width = "," if file.decimal_comma else ".", len(file.columns)
    none = [""] * len(version.served.answer.columns(version.card))
    lines = []
    for row, one in zip(rows, asked, strict=True):
        if isinstance(one, BadRowError):
            lines.append([*[*row.values, *[""] * width][:width], *none, str(one)])
        else:
            cells = next(answers).cells(version.card, mark)
            lines.append([*row.values, *cells, *[""] * file.skip_bad_rows])
    return as_csv(lines, file.delimiter)


def or_error(read: Callable[[CsvRow], Any], row: CsvRow) -> Any:  # noqa: ANN401
    """Return the features of a row; or the error, for a bad row that is skipped."""
    try:
        return read(row)
    except BadRowError as error:
        return error


def parse_row(row: CsvRow, file: BatchPrediction, columns: Columns) -> Any:  # noqa: ANN401
    """Return the features of a row; BadRowError says which value breaks which rule."""
    check_width(row, file.columns)
    found = dict(zip(file.columns, row.values, strict=True))
    texts = {name: found[name] for name in columns.names if name in found}
    if file.decimal_comma:
        numbers = columns.numbers & texts.keys()
        texts |= {name: decimal_comma(r"\1.\2", texts[name]) for name in numbers}
    try:
        return columns.parse(texts)
    except CellError as error:
        raise BadRowError(f"Line {row.line}, {error}") from None

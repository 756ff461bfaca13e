"""`batch-prediction`: a CSV with a row for each prediction, and the same CSV with the answers.

The upload is cut into pieces of some rows and compressed, so that others wait half as long while
the storage writes it (`python -m benchmarks.storage`, in the template). Each piece gives a piece of
the result, stored in one transaction with the progress: after a crash, the next attempt continues.
"""

import csv
import hashlib
import io
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from pydantic import BaseModel, ValidationError

from app.errors import AppError
from app.models import Features
from app.serving.protocol import Model
from app.tasks.engine.context import TaskContext

ROWS_PER_PIECE = 1_000


class BadUploadError(AppError):
    """The file cannot be used."""

    status = 422
    title = "Bad Upload"


class BadRowError(BadUploadError):
    """A row of the file breaks a rule."""

    title = "Bad Row"


class BatchPrediction(BaseModel):
    """What is known of the file before the task starts."""

    columns: list[str]
    pieces: int
    rows_per_piece: int
    sha256: str  # of the rows, to recognise the same upload


def split_upload(
    file: BinaryIO, rows_per_piece: int = ROWS_PER_PIECE
) -> tuple[BatchPrediction, list[bytes]]:
    """Check the header of a CSV and cut its rows into pieces, or raise BadUploadError."""
    try:
        header = file.readline().decode("utf-8-sig")
        columns = next(csv.reader([header.strip()], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        raise BadUploadError("The file is not a CSV in UTF-8; save it as one.") from None
    missing = [name for name in Features.model_fields if columns.count(name) != 1]
    if missing:
        wanted = ",".join(Features.model_fields)
        raise BadUploadError(f"The first line must name each of these columns once: {wanted}.")
    pieces = list(iter(lambda: b"".join(islice(file, rows_per_piece)), b""))
    if not any(piece.strip() for piece in pieces):
        raise BadUploadError("The file has a header and no rows.")
    digest = hashlib.sha256(b"".join(pieces)).hexdigest()
    payload = BatchPrediction(
        columns=columns, pieces=len(pieces), rows_per_piece=rows_per_piece, sha256=digest
    )
    return payload, [zlib.compress(piece, level=1) for piece in pieces]


def predict_batch(payload: BatchPrediction, task: TaskContext) -> dict[str, Any]:
    """Predict every row, piece by piece, from the first piece that has no result yet."""
    for number in range(task.saved_pieces(), payload.pieces):
        first = 2 + number * payload.rows_per_piece  # the header is line 1
        piece = zlib.decompress(task.input_piece(number) or b"")
        rows = list(read_rows(piece, payload.columns, first))
        answers = predict_rows(task.model, payload.columns, rows)
        lines = [row + answer for (_, row), answer in zip(rows, answers, strict=True)]
        if number == 0:
            labels = task.model.card.labels
            lines.insert(0, [*payload.columns, "label", *(f"probability_{x}" for x in labels)])
        task.save((number + 1) / payload.pieces, as_csv(lines))
    return {"model_version": task.model.card.version}


def read_rows(piece: bytes, columns: list[str], first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its line in the file, without blank lines."""
    for line, text in enumerate(piece.splitlines(), first):
        try:
            values = next(csv.reader([text.decode("utf-8")], strict=True), [])
        except (UnicodeDecodeError, csv.Error):
            raise BadRowError(f"Line {line} is not CSV in UTF-8.") from None
        if values and len(values) != len(columns):
            raise BadRowError(f"Line {line} has {len(values)} values, the header {len(columns)}.")
        if values:
            yield line, values


def predict_rows(
    model: Model, columns: list[str], rows: list[tuple[int, list[str]]]
) -> list[list[str]]:
    """Return each row's label and probabilities, as text; BadRowError names the first bad row."""
    features = [parse_row(line, dict(zip(columns, row, strict=True))) for line, row in rows]
    if not features:
        return []
    probabilities = model.predict(np.array([f.row() for f in features], dtype=np.float32))
    # of all rows at once: calling `classify` for each one makes the whole piece a sixth slower
    labels = [model.card.labels[index] for index in probabilities.argmax(axis=1)]
    return [
        [label, *(f"{p:.6f}" for p in row)]
        for label, row in zip(labels, probabilities.tolist(), strict=True)
    ]


def parse_row(line: int, row: dict[str, str]) -> Features:
    """Return the features of a row; BadRowError says which value breaks which rule."""
    try:
        return Features.model_validate_strings({name: row[name] for name in Features.model_fields})
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise BadRowError(f"Line {line}, {problem['loc'][0]}: {problem['msg']}.") from None


def as_csv(lines: list[list[str]]) -> bytes:
    """Return lines of values as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()

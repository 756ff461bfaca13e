"""`batch-prediction`: a CSV with a row for each prediction, and the same CSV with the answers.

The upload is cut into pieces of some rows and compressed, so that others wait half as long while
the storage writes it (`python -m benchmarks.storage`, in the template). Each piece gives a piece of
the result, stored in one transaction with the progress: after a crash, the next attempt continues.
What could not be finished (no CSV, a row too short, a result too large) is refused at the upload.
"""

import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from pydantic import BaseModel, ValidationError

from app.models import Features
from app.serving.errors import BadAnswerError
from app.serving.protocol import Model
from app.tasks.engine.context import ResultTooLargeError, TaskContext
from app.tasks.kinds.csv_rows import BadRowError, BadUploadError, CsvRow, as_csv, read_rows

ROWS_PER_PIECE = 1_000
BYTES_PER_PIECE = 2**18  # all the values of a piece are in memory at once


class BatchPrediction(BaseModel):
    """What is known of the file before the task starts."""

    columns: list[str]
    pieces: int
    rows_per_piece: int
    sha256: str  # of the rows, to recognise the same upload
    lines: list[int] = []  # of the file, where each piece begins; an older version had none

    def first_line(self, number: int) -> int:
        """Return the line of the file where a piece begins; the header is line 1."""
        return self.lines[number] if self.lines else 2 + number * self.rows_per_piece


class Piece:
    """Rows that are predicted together."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.text = bytearray()
        self.rows = self.answers = 0

    def add(self, row: CsvRow) -> None:
        """Add a row; a blank one is kept, so that the lines can be counted."""
        self.text += row.text
        self.rows += 1
        self.answers += not row.blank

    def largest_result(self, answer: int) -> int:
        """Return how many bytes the result can take, if that many are added to each row."""
        quotes = 3 * self.text.count(b'"')  # one that stood alone is doubled, and its value quoted
        return len(self.text) + quotes + self.answers * answer


def split_upload(
    file: BinaryIO,
    labels: Sequence[str],
    result_bytes: int,
    rows_per_piece: int = ROWS_PER_PIECE,
) -> tuple[BatchPrediction, list[bytes]]:
    """Check the form of a CSV and cut it into compressed pieces, or raise BadUploadError.

    Or raise ResultTooLargeError, if the result with these labels may take more than `result_bytes`.
    """
    rows = read_rows(file)
    columns = check_header(next(rows, None))
    room = result_bytes - len(result_header(columns, labels))
    answer = longest_answer(labels) + len(columns)  # an apostrophe before each value
    digest, lines, pieces, answers = hashlib.sha256(), [], [], 0
    for piece in cut(rows, columns, rows_per_piece):
        digest.update(piece.text)
        lines.append(piece.line)
        pieces.append(zlib.compress(piece.text, level=1))
        answers += piece.answers
        room -= piece.largest_result(answer)
    if not answers:
        raise BadUploadError("The file has a header and no rows.")
    if room < 0:
        parts = f"split the file into {1 - room // result_bytes} parts"
        raise ResultTooLargeError(f"The result could be too large for TASK_RESULT_BYTES; {parts}.")
    payload = BatchPrediction(
        columns=columns,
        pieces=len(pieces),
        rows_per_piece=rows_per_piece,
        sha256=digest.hexdigest(),
        lines=lines,
    )
    return payload, pieces


def check_header(row: CsvRow | None) -> list[str]:
    """Return the names of the columns, or raise BadUploadError."""
    columns = [name.strip() for name in row.values] if row else []
    wrong = [name for name in Features.model_fields if columns.count(name) != 1]
    if wrong:
        rule = "The first line must name each of these columns once, with commas between them"
        wanted = ",".join(Features.model_fields)
        raise BadUploadError(f"{rule}: {wanted}. Missing or there twice: {', '.join(wrong)}.")
    return columns


def cut(rows: Iterator[CsvRow], columns: list[str], rows_per_piece: int) -> Iterator[Piece]:
    """Yield the rows in pieces that are small in rows and in bytes; or raise BadRowError."""
    piece: Piece | None = None
    for row in rows:
        check_width(row, columns)
        piece = piece or Piece(row.line)
        piece.add(row)
        if piece.rows == rows_per_piece or len(piece.text) >= BYTES_PER_PIECE:
            yield piece
            piece = None
    if piece:
        yield piece


def check_width(row: CsvRow, columns: list[str]) -> None:
    """Raise BadRowError if a row has more or fewer values than there are columns."""
    if len(row.values) != len(columns) and not row.blank:
        found = f"{len(row.values)} values, the header {len(columns)}"
        raise BadRowError(f"Line {row.line} has {found}.")


def result_header(columns: list[str], labels: Sequence[str]) -> bytes:
    """Return the first line of the result."""
    return as_csv([[*columns, "label", *(f"probability_{label}" for label in labels)]])


def longest_answer(labels: Sequence[str]) -> int:
    """Return how many bytes one row's answer takes at most."""
    return max(len(as_csv([[label, *["0.000000"] * len(labels)]])) for label in labels)


def predict_batch(payload: BatchPrediction, task: TaskContext) -> dict[str, Any]:
    """Predict every row, piece by piece, from the first piece that has no result yet."""
    for number in range(task.saved_pieces(), payload.pieces):
        piece = io.BytesIO(zlib.decompress(task.input_piece(number) or b""))
        rows = [row for row in read_rows(piece, payload.first_line(number)) if not row.blank]
        answers = predict_rows(task.model, payload.columns, rows)
        lines = as_csv(row.values + answer for row, answer in zip(rows, answers, strict=True))
        header = result_header(payload.columns, task.model.card.labels) if number == 0 else b""
        task.save((number + 1) / payload.pieces, header + lines)
    return {"model_version": task.model.card.version}


def predict_rows(model: Model, columns: list[str], rows: list[CsvRow]) -> list[list[str]]:
    """Return each row's label and probabilities, as text; an error names the first bad row."""
    features = [parse_row(row, columns) for row in rows]
    if not features:
        return []
    try:
        probabilities = model.predict(np.array([f.row() for f in features], dtype=np.float32))
    except BadAnswerError as error:
        if error.row is None:
            raise
        raise BadAnswerError(f"{error.fault}, for line {rows[error.row].line}") from error
    # of all rows at once: calling `classify` for each one makes the whole piece a sixth slower
    labels = [model.card.labels[index] for index in probabilities.argmax(axis=1)]
    return [
        [label, *(f"{p:.6f}" for p in row)]
        for label, row in zip(labels, probabilities.tolist(), strict=True)
    ]


def parse_row(row: CsvRow, columns: list[str]) -> Features:
    """Return the features of a row; BadRowError says which value breaks which rule."""
    check_width(row, columns)
    found = dict(zip(columns, row.values, strict=True))
    texts = {name: found[name] for name in Features.model_fields}
    try:
        features = Features.model_validate_strings(texts)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise BadRowError(f"Line {row.line}, {problem['loc'][0]}: {problem['msg']}.") from None
    for name, text in texts.items():  # Pydantic takes 1_0 for 10, as Python does
        if "_" in text and isinstance(getattr(features, name), int | float):
            raise BadRowError(f"Line {row.line}, {name}: a number has no underscore.")
    return features

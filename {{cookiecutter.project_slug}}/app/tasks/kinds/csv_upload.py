"""What is done with a CSV at its upload: it is checked, and cut into pieces.

Pieces are of some rows and compressed, so that others wait half as long while the storage writes
them (`python -m benchmarks.storage`, in the template). What could not be finished (no CSV, a row
too short, a result too large) is refused here.
"""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, BinaryIO

from pydantic import BaseModel

from app.kit.columns import Columns
from app.serving.loaded import LoadedModel
from app.serving.served import Served
from app.tasks.engine.context import ResultTooLargeError
from app.tasks.kinds.csv_rows import (
    BadRowError,
    BadUploadError,
    CsvRow,
    as_csv,
    read_rows,
    recognise,
)

ROWS_PER_PIECE = 1_000
ERROR_BYTES = 200  # of a message, on average
BYTES_PER_PIECE = 2**18  # all the values of a piece are in memory at once

Model = LoadedModel[Any, Any]


class BatchPrediction(BaseModel):
    """What is known of the file before the task starts."""

    model: str = ""  # its name; the first one's, if there is none
    columns: list[str]
    pieces: int
    rows_per_piece: int
    sha256: str  # of the rows, to recognise the same upload
    lines: list[int] = []  # of the file, where each piece begins; an older version had none
    delimiter: str = ","
    decimal_comma: bool = False  # whether the file has 5,1 for 5.1
    skip_bad_rows: bool = False  # answer them with what is wrong, in the column `error`

    def first_line(self, number: int) -> int:
        """Return the line of the file where a piece begins; the header is line 1."""
        return self.lines[number] if self.lines else 2 + number * self.rows_per_piece


class Piece:
    """Rows that are predicted together."""

    def __init__(self, line: int, features: Sequence[int]) -> None:
        self.line = line
        self.features = features  # where they are in a row
        self.commas = False  # whether there is one in any of them
        self.text = bytearray()
        self.rows = self.answers = 0

    def add(self, row: CsvRow) -> None:
        """Add a row; a blank one is kept, so that the lines can be counted."""
        self.text += row.text
        self.rows += 1
        if not row.blank:
            self.answers += 1
            values = (row.values[at] for at in self.features if at < len(row.values))
            self.commas = self.commas or any("," in value for value in values)

    def largest_result(self, answer: int) -> int:
        """Return how many bytes the result can take, if that many are added to each row."""
        quotes = 3 * self.text.count(b'"')  # one that stood alone is doubled, and its value quoted
        return len(self.text) + quotes + self.answers * answer


@cache
def columns_of(served: Served[Any, Any]) -> Columns:
    """Return the columns of what a model is asked."""
    return Columns(served.features)


def split_upload(
    file: BinaryIO, model: Model, result_bytes: int, size: int = ROWS_PER_PIECE, skip: bool = False
) -> tuple[BatchPrediction, list[bytes]]:
    """Check a CSV's form and cut it into pieces; or raise BadUploadError, ResultTooLargeError."""
    encoding, delimiter = recognise(file)
    rows = read_rows(file, encoding=encoding, delimiter=delimiter)
    columns = check_header(next(rows, None), columns_of(model.served))
    room = result_bytes - len(result_header(columns, model, with_errors=skip))
    answer = longest_answer(columns, model, with_errors=skip)
    digest, lines, pieces, answers, commas = hashlib.sha256(), [], [], 0, False
    places = [columns.index(name) for name in columns_of(model.served).names if name in columns]
    for piece in cut(rows, None if skip else columns, places, size):
        digest.update(piece.text)
        lines.append(piece.line)
        pieces.append(zlib.compress(piece.text, level=1))
        answers += piece.answers
        commas |= piece.commas
        room -= piece.largest_result(answer)
    check_size(answers, room, result_bytes)
    payload = BatchPrediction(
        model=model.served.name,
        columns=columns,
        pieces=len(pieces),
        rows_per_piece=size,
        sha256=digest.hexdigest(),
        lines=lines,
        delimiter=delimiter,
        decimal_comma=commas and delimiter == ";",
        skip_bad_rows=skip,
    )
    return payload, pieces


def longest_answer(columns: list[str], model: Model, *, with_errors: bool) -> int:
    """Return how many bytes a row's answer takes, with an apostrophe before each of its values."""
    answer: int = model.served.answer.longest(model.card)
    return answer + len(columns) + ERROR_BYTES * with_errors


def check_size(answers: int, room: int, result_bytes: int) -> None:
    """Raise an error if there is no row to answer, or too little room for the answers."""
    if not answers:
        raise BadUploadError("The file has a header and no rows.")
    if room < 0:
        parts = f"split the file into {1 - room // result_bytes} parts"
        raise ResultTooLargeError(f"The result could be too large for TASK_RESULT_BYTES; {parts}.")


def check_header(row: CsvRow | None, known: Columns) -> list[str]:
    """Return the names of the columns, or raise BadUploadError."""
    columns = [name.strip() for name in row.values] if row else []
    wrong = [
        name
        for name in known.names
        if columns.count(name) != 1 and (name in known.required or name in columns)
    ]
    if wrong:
        rule = "name each of these columns once, between commas, semicolons or tabs"
        wanted = f"The first line must {rule}: {','.join(known.names)}."
        raise BadUploadError(f"{wanted} Missing or there twice: {', '.join(wrong)}.")
    return columns


def cut(
    rows: Iterator[CsvRow], columns: list[str] | None, features: Sequence[int], rows_per_piece: int
) -> Iterator[Piece]:
    """Yield the rows in pieces that are small in rows and in bytes.

    Raise BadRowError at one that has not these columns, if they are given.
    """
    piece: Piece | None = None
    for row in rows:
        if columns is not None:
            check_width(row, columns)
        piece = piece or Piece(row.line, features)
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


def result_header(
    columns: list[str], model: Model, delimiter: str = ",", *, with_errors: bool = False
) -> bytes:
    """Return the first line of the result."""
    names = [*columns, *model.served.answer.columns(model.card), *["error"] * with_errors]
    return as_csv([names], delimiter)

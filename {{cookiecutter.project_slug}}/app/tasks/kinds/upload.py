"""What happens to a file of rows at its upload: it is checked, and cut into pieces.

Pieces have a limited number of rows and are compressed, so that others wait half as long while the
storage writes them (`python -m benchmarks.storage`, in the template). A file that could not be
finished (no rows, a row too short, a result too large) is refused here.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from pydantic import Field

from app.tasks.engine.context import ResultTooLargeError
from app.tasks.kinds.csv_format import CsvFormat, check_header
from app.tasks.kinds.csv_rows import read_rows
from app.tasks.kinds.json_lines import JsonLines, read_lines
from app.tasks.kinds.row_format import (
    BadRowError,
    BadUploadError,
    FileForm,
    FileRow,
    RowFormat,
    Version,
    columns_of,
)

ROWS_PER_PIECE = 1_000
BYTES_PER_PIECE = 2**18  # all the values of a piece are in memory at once
HEAD_BYTES = 4096  # enough to see how a file is written
DELIMITERS = ",;\t"
OTHER_FILES = {
    b"PK": 'This is a workbook or an archive; in a spreadsheet, save it as "CSV UTF-8".',
    b"[": "This is a JSON array; JSON Lines has an object on each line, and no brackets around.",
}
without_quoted = re.compile(r'"[^"]*"?').sub


class BatchPrediction(FileForm):
    """What is known of the file before the task starts."""

    model: str = ""  # its name; if empty, the first model is asked
    pieces: int
    rows_per_piece: int
    sha256: str  # of the rows, to recognise the same upload
    # of the file, where each piece begins; tasks of an older version have none
    lines: list[int] = Field(default=[])

    def first_line(self, number: int) -> int:
        """Return the line of the file where a piece begins; the header is line 1."""
        return self.lines[number] if self.lines else 2 + number * self.rows_per_piece


class Piece:
    """Rows that are predicted together."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.text = bytearray()
        self.rows = self.answers = 0

    def add(self, row: FileRow) -> None:
        """Add a row; a blank one is kept, so that the lines can be counted."""
        self.text += row.text
        self.rows += 1
        self.answers += not row.blank


def format_of(form: FileForm, version: Version) -> RowFormat:
    """Return what reads and writes a file of this form."""
    return JsonLines(form, version) if form.format == "jsonl" else CsvFormat(form, version)


def split_upload(
    file: BinaryIO,
    model: Version,
    result_bytes: int,
    form: FileForm | None = None,
    size: int = ROWS_PER_PIECE,
) -> tuple[BatchPrediction, list[bytes]]:
    """Check a file's form and cut it into pieces; or raise BadUploadError, ResultTooLargeError."""
    form, rows = recognise(file, model, form or FileForm())
    format_ = format_of(form, model)
    room = result_bytes - len(format_.header())
    digest, lines, pieces, answers = hashlib.sha256(), [], [], 0
    for piece in cut(rows, format_, size, skip=form.skip_bad_rows):
        digest.update(piece.text)
        lines.append(piece.line)
        pieces.append(zlib.compress(piece.text, level=1))
        answers += piece.answers
        room -= format_.largest_result(piece.text, piece.answers)
    check_size(answers, room, result_bytes)
    commas = isinstance(format_, CsvFormat) and format_.has_commas and form.delimiter != ","
    payload = BatchPrediction(
        **dict(form, decimal_comma=commas),
        model=model.served.name,
        pieces=len(pieces),
        rows_per_piece=size,
        sha256=digest.hexdigest(),
        lines=lines,
    )
    return payload, pieces


def recognise(file: BinaryIO, model: Version, form: FileForm) -> tuple[FileForm, Iterator[FileRow]]:
    """Return how a file is written, and its rows; or raise BadUploadError."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    for start, advice in OTHER_FILES.items():
        if head.startswith(start):
            raise BadUploadError(advice)
    encoding = "utf-8-sig"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in head[:2]:  # no mark, but a file begins with a name, so with ASCII
        encoding = "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
    text = head.decode(encoding, "replace")
    if form.format == "jsonl" or text.lstrip().startswith("{"):
        return form.model_copy(update={"format": "jsonl"}), read_lines(file, encoding=encoding)
    first, *_ = without_quoted("", text).splitlines() or [""]
    delimiter = max(DELIMITERS, key=first.count)
    rows = read_rows(file, encoding=encoding, delimiter=delimiter)
    filled = (row for row in rows if not row.blank)
    header = next(filled, None)
    if first.startswith("sep="):  # for Excel, and no row
        header = next(filled, None)
    columns = check_header(header, columns_of(model.served))
    return form.model_copy(update={"columns": columns, "delimiter": delimiter}), rows


def check_size(answers: int, room: int, result_bytes: int) -> None:
    """Raise an error if there are no rows to answer, or too little room for the answers."""
    if not answers:
        raise BadUploadError("The file has no rows.")
    if room < 0:
        parts = f"split the file into {1 - room // result_bytes} parts"
        raise ResultTooLargeError(f"The result could be too large for TASK_RESULT_BYTES; {parts}.")


def cut(rows: Iterator[FileRow], format_: RowFormat, size: int, *, skip: bool) -> Iterator[Piece]:
    """Yield the rows in pieces that are small in rows and in bytes.

    Raise BadRowError at one whose form is wrong, unless it will be skipped.
    """
    piece: Piece | None = None
    for row in rows:
        try:
            format_.check(row)
        except BadRowError:
            if not skip:
                raise
        piece = piece or Piece(row.line)
        piece.add(row)
        if piece.rows == size or len(piece.text) >= BYTES_PER_PIECE:
            yield piece
            piece = None
    if piece:
        yield piece

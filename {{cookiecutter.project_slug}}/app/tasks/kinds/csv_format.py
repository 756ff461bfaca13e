"""A CSV as the file of a batch: each row comes back as it was, with its answer after it."""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from pydantic import BaseModel

from app.errors import AppError
from app.kit.columns import CellError, Columns
from app.serving.answers import Answer
from app.tasks.kinds.csv_rows import as_csv, read_rows
from app.tasks.kinds.row_format import (
    ERROR_BYTES,
    BadRowError,
    BadUploadError,
    FileForm,
    FileRow,
    Version,
    columns_of,
)

decimal_comma = re.compile(r"^(\s*[-+]?\d*),(\d+)(?=\s*$|[eE])").sub


class CsvFormat:
    """A `RowFormat`. A row that is skipped has its error in the last column."""

    def __init__(self, form: FileForm, version: Version) -> None:
        self._form, self._version = form, version
        self._columns = columns_of(version.served)
        # where each feature is in a row
        names, found = self._columns.names, form.columns
        self._places = [(name, found.index(name)) for name in names if name in found]
        self._numbers = {name: at for name, at in self._places if name in self._columns.numbers}
        self._answer = version.served.answer.columns(version.card)
        self._version_cell = [version.card.version] * form.model_version
        self._no_error = [""] * form.skip_bad_rows
        self.has_commas = False  # in a feature of any row that was checked

    def rows(self, file: BinaryIO, line: int) -> Iterator[FileRow]:
        """Yield the rows of a piece that begins at this line."""
        return read_rows(file, line, delimiter=self._form.delimiter)

    def check(self, row: FileRow) -> None:
        """Raise BadRowError if a row has more or fewer values than there are columns.

        Empty ones at its end, as some spreadsheets leave them, are removed.
        """
        width = len(self._form.columns)
        if not "".join(row.values[width:]).strip():
            del row.values[width:]
        if len(row.values) != width and not row.blank:
            found = f"{len(row.values)} values, the header {width}"
            raise BadRowError(f"Line {row.line} has {found}.")
        if not self.has_commas and not row.blank:
            self.has_commas = any("," in row.values[at] for at in self._numbers.values())

    def features(self, row: FileRow) -> BaseModel:
        """Return the features, or raise BadRowError, which says which value breaks which rule."""
        if len(row.values) != len(self._form.columns):
            self.check(row)
        texts = {name: row.values[at] for name, at in self._places}
        if self._form.decimal_comma:
            self._read_commas(row.line, texts)
        try:
            return self._columns.parse(texts)
        except CellError as error:
            raise BadRowError(f"Line {row.line}, {error}") from None

    def _read_commas(self, line: int, texts: dict[str, str]) -> None:
        """Read 5,1 as 5.1; refuse 5.100, which is as likely 5100, and never guess."""
        for name in self._numbers:
            if "." in texts[name]:
                why = "a number with a dot, in a file with decimal commas"
                raise BadRowError(f"Line {line}, {name}: {why}.")
            texts[name] = decimal_comma(r"\1.\2", texts[name])

    def header(self) -> bytes:
        """Return the first line of the result."""
        form = self._form
        more = ["model_version"] * form.model_version + ["error"] * form.skip_bad_rows
        return as_csv([[*form.columns, *self._answer, *more]], form.delimiter)

    def written(self, answer: Answer) -> list[str]:
        """Return the cells of an answer."""
        return answer.cells(self._version.card, "," if self._form.decimal_comma else ".")

    def result(self, rows: Iterable[tuple[FileRow, list[str] | AppError]]) -> bytes:
        """Return rows with their answers, or with their errors; all are of the same width."""
        last = self._version_cell + self._no_error
        lines = [
            self._with_error(row, outcome)
            if isinstance(outcome, AppError)
            else [*row.values, *outcome, *last]
            for row, outcome in rows
        ]
        return as_csv(lines, self._form.delimiter)

    def _with_error(self, row: FileRow, error: AppError) -> list[str]:
        width = len(self._form.columns)
        values = [*row.values, *[""] * width][:width]
        return [*values, *[""] * (len(self._answer) + len(self._version_cell)), error.detail]

    def largest_result(self, text: bytearray, answers: int) -> int:
        """Return how many bytes the result of these rows can take."""
        quotes = 3 * text.count(b'"')  # a single one is doubled, and its value quoted
        apostrophes = len(self._form.columns)
        longest: int = self._version.served.answer.longest(self._version.card)
        more = sum(len(cell) + 1 for cell in self._version_cell) + ERROR_BYTES * len(self._no_error)
        return len(text) + quotes + answers * (longest + apostrophes + more)


def check_header(row: FileRow | None, known: Columns) -> list[str]:
    """Return the names of the columns, or raise BadUploadError."""
    columns = [name.strip() for name in row.values] if row else []
    if wrong := [name for name in known.names if columns.count(name) != 1]:
        rule = "name each of these columns once, between commas, semicolons or tabs"
        wanted = f"The first line must {rule}: {','.join(known.names)}."
        empty = "" if known.required.issuperset(wrong) else " Optional ones may be empty."
        raise BadUploadError(f"{wanted} Missing or repeated: {', '.join(wrong)}.{empty}")
    return columns

r"""The rows of a CSV file, read by one rule at the upload and in the task; and rows as CSV.

A row ends at a `\n`, `\r\n` or `\r` that is not in quotes, whatever program wrote the file.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from app.errors import AppError

LONGEST_ROW = 131_072  # characters, all in memory at once; Python's csv takes no longer value
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


class BadUploadError(AppError):
    """The file cannot be used."""

    status = 422
    title = "Bad Upload"


class BadRowError(BadUploadError):
    """A row of the file breaks a rule."""

    title = "Bad Row"


class CsvRow(NamedTuple):
    """A row, and the line of the file where it begins."""

    line: int
    text: bytes  # as it is in the file
    values: list[str]

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it, as in the `,,,` that spreadsheets leave at the end."""
        return not any(map(str.strip, self.values))


def read_rows(file: BinaryIO, line: int = 1) -> Iterator[CsvRow]:
    """Yield the rows of a file, or of a piece that begins at this line; or raise BadRowError."""
    encoding = "utf-8-sig" if line == 1 else "utf-8"
    text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
    parts: list[str] = []

    def lines() -> Iterator[str]:
        length = 0
        while part := text.readline(LONGEST_ROW + 1):
            length = len(part) + (length if parts else 0)
            if length > LONGEST_ROW:
                limit = f"more than {LONGEST_ROW:,} characters; does a quote not end?"
                raise BadRowError(f"Line {line} begins a row of {limit}")
            parts.append(part)
            yield part

    reader = csv.reader(lines(), strict=True)
    try:
        for values in reader:
            yield CsvRow(line, "".join(parts).encode(), values)
            line += len(parts)
            parts.clear()
    except UnicodeEncodeError:  # what could not be decoded cannot be encoded again
        how = 'in a spreadsheet, save the file as "CSV UTF-8"'
        raise BadRowError(f"Line {line} is not in UTF-8; {how}.") from None
    except csv.Error as error:
        raise BadRowError(f"Line {line} is not CSV: {error}.") from None


def as_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows as CSV in which no spreadsheet finds a formula."""
    text = io.StringIO()
    csv.writer(text).writerows(map(harmless, row) for row in rows)
    # if told to end its lines with a mere \n, csv would not quote a value that has a \r
    return text.getvalue().replace("\r\n", "\n").encode()


def harmless(value: str) -> str:
    """Return the value; with an apostrophe before it if a spreadsheet would calculate it."""
    if not value.startswith(FORMULA_STARTS):
        return value
    try:
        float(value)  # a negative number is no formula
    except ValueError:
        return f"'{value}"
    return value

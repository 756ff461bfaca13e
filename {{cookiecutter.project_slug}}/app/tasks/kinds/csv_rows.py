r"""The rows of a CSV file, read by one rule at the upload and in the task; and rows as CSV.

A row ends at a `\n`, `\r\n` or `\r` that is not in quotes, whatever program wrote the file.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from app.errors import AppError

LONGEST_ROW = 131_072  # characters, all in memory at once; Python's csv takes no longer value
DELIMITERS = ",;\t"
HEAD_BYTES = 4096  # enough to see how a file is written
CODE_PAGES = ("cp1252", "cp949", "cp932")  # what programs in the West, Korea and Japan write
without_quoted = re.compile(r'"[^"]*"?').sub
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


def recognise(file: BinaryIO) -> tuple[str, str]:
    """Return the encoding of a file, and what stands between its values; then read it again."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    encoding = "utf-8-sig"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in head[:2]:  # no mark, but the first letter is that of a name, so ASCII
        encoding = "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
    lines = without_quoted("", head.decode(encoding, "replace")).splitlines() or [""]
    return encoding, max(DELIMITERS, key=lines[0].count)


def read_rows(
    file: BinaryIO, line: int = 1, *, encoding: str = "utf-8", delimiter: str = ","
) -> Iterator[CsvRow]:
    """Yield the rows of a file, or of a piece that begins at this line; or raise BadRowError."""
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

    reader = csv.reader(lines(), strict=True, delimiter=delimiter)
    try:
        for values in reader:
            yield CsvRow(line, "".join(parts).encode(), values)
            line += len(parts)
            parts.clear()
    except UnicodeEncodeError:  # what could not be decoded cannot be encoded again
        raise BadRowError(not_in_utf_8(line, "".join(parts))) from None
    except UnicodeDecodeError:
        raise BadRowError(f"Line {line} is not in {encoding.upper()}.") from None
    except csv.Error as error:
        raise BadRowError(f"Line {line} is not CSV: {error}.") from None


def not_in_utf_8(line: int, text: str) -> str:
    """Say so, and in which code pages the text would be one."""
    given = text.encode("utf-8", "surrogateescape")
    perhaps = []
    for page in CODE_PAGES:
        with suppress(UnicodeDecodeError):
            given.decode(page)
            perhaps.append(page)
    pages = f" (perhaps in {' or '.join(perhaps)})" if perhaps else ""
    return f'Line {line} is not in UTF-8{pages}; in a spreadsheet, save the file as "CSV UTF-8".'


def as_csv(rows: Iterable[Iterable[str]], delimiter: str = ",") -> bytes:
    """Return rows as CSV in which no spreadsheet finds a formula."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(map(harmless, row) for row in rows)
    # if told to end its lines with a mere \n, csv would not quote a value that has a \r
    return text.getvalue().replace("\r\n", "\n").encode()


def harmless(value: str) -> str:
    """Return the value; with an apostrophe before it if a spreadsheet would calculate it."""
    if not value.startswith(FORMULA_STARTS):
        return value
    try:
        float(value.replace(",", "."))  # a negative number is no formula
    except ValueError:
        return f"'{value}"
    return value

r"""The rows of a CSV file, read by one rule at the upload and in the task; and rows as CSV.

A row ends at a `\n`, `\r\n` or `\r` that is not in quotes, whatever program wrote the file.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from app.tasks.kinds.row_format import LONGEST_ROW, BadRowError, FileRow, not_in_utf_8

# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001


def read_rows(
    file: BinaryIO, line: int = 1, *, encoding: str = "utf-8", delimiter: str = ","
) -> Iterator[FileRow]:
    """Yield the rows of a file, or of a piece that begins at this line; or raise BadRowError.

    A row of empty values is blank, such as the `,,,` that spreadsheets leave at the end.
    """
    text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
    parts: list[str] = []

    def lines() -> Iterator[str]:
        length = 0
        while part := text.readline(LONGEST_ROW + 1):
            length = len(part) + (length if parts else 0)
            if length > LONGEST_ROW:
                limit = f"more than {LONGEST_ROW:,} characters; is a quote not closed?"
                raise BadRowError(f"Line {line} begins a row of {limit}")
            parts.append(part)
            yield part

    reader = csv.reader(lines(), strict=True, delimiter=delimiter)
    try:
        for values in reader:
            row = parts[0] if len(parts) == 1 else "".join(parts)
            yield FileRow(line, row.encode(), values, not "".join(values).strip())
            line += len(parts)
            parts.clear()
    except UnicodeEncodeError:  # what could not be decoded cannot be encoded again
        raise not_in_utf_8(line, "".join(parts)) from None
    except UnicodeDecodeError:
        raise BadRowError(f"Line {line} is not in {encoding.upper()}.") from None
    except csv.Error as error:
        raise BadRowError(f"Line {line} is not CSV: {error}.") from None


def as_csv(rows: Iterable[list[str]], delimiter: str = ",") -> bytes:
    """Return rows as CSV in which no spreadsheet finds a formula."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(map(harmless_row, rows))
    # if its lines ended with \n alone, csv would not quote a value that has a \r
    return text.getvalue().replace("\r\n", "\n").encode()


def harmless_row(row: list[str]) -> list[str]:
    """Return the row with harmless values; most rows have nothing to change, and return at once."""
    if FORMULA_STARTS.isdisjoint([value[:1] for value in row]):
        return row
    return [*map(harmless, row)]


def harmless(value: str) -> str:
    """Return the value, with an apostrophe before it if a spreadsheet would calculate it."""
    if value[:1] not in FORMULA_STARTS:
        return value
    try:
        float(value.replace(",", "."))  # a negative number is not a formula
    except ValueError:
        return f"'{value}"
    return value

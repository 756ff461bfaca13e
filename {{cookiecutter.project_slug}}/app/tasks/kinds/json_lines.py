r"""JSON Lines as the file of a batch: a line is an object, and comes back with its `prediction`.

The answer is in a member of its own: beside the features, its `label` would replace a `label` of
the object's own, which data with the right answers often has. The rest of the line comes back as
it was, to the last digit.
"""

import io
import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, BinaryIO

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from app.errors import AppError
from app.kit.columns import CellError, details
from app.serving.answers import LONGEST_CELL, Answer
from app.tasks.kinds.row_format import (
    ERROR_BYTES,
    LONGEST_ROW,
    BadRowError,
    FileForm,
    FileRow,
    Version,
    columns_of,
    not_in_utf_8,
)

NEARLY = 0.8  # how alike two names are, of 1
ADDED = ("prediction", "error")
MEMBER_BYTES = len(',"prediction":{"probabilities":{},"model_version":"0123456789ab"}\n')


class JsonLines:
    """A `RowFormat`. A row that is skipped has an `error` instead of a `prediction`."""

    def __init__(self, form: FileForm, version: Version) -> None:
        self._form, self._version = form, version
        self._names = columns_of(version.served).names
        # without the method around it, which takes as long as this does
        self._read: Any = version.served.features.__pydantic_validator__.validate_python

    def rows(self, file: BinaryIO, line: int) -> Iterator[FileRow]:
        """Yield the rows of a piece that begins at this line."""
        return read_lines(file, line)

    def check(self, row: FileRow) -> None:
        """Raise BadRowError if a line is not an object, or has a member that the result adds."""
        if not row.blank:
            object_in(row)

    def features(self, row: FileRow) -> BaseModel:
        """Return the features, or raise BadRowError, which says which value breaks which rule."""
        found = object_in(row)
        given = {name: found[name] for name in self._names if name in found}
        if len(given) < min(len(found), len(self._names)):
            self._refuse_misspelt(row.line, found.keys() - given.keys())
        try:
            asked: BaseModel = self._read(given)
        except ValidationError as error:
            raise BadRowError(f"Line {row.line}, {CellError(details(error))}") from None
        return asked

    def _refuse_misspelt(self, line: int, others: set[str]) -> None:
        """Refuse what is nearly the name of a feature: it would pass for one that is missing."""
        known = {name.casefold(): name for name in self._names}
        for other in sorted(others):
            for near in get_close_matches(other.casefold(), known, 1, NEARLY):
                raise BadRowError(
                    f"Line {line}: is {other!r} the feature {known[near]}? Rename it."
                )

    def header(self) -> bytes:
        """Return nothing: each line names its own values."""
        return b""

    def written(self, answer: Answer) -> str:
        """Return an answer as JSON."""
        text = answer.model_dump_json()
        if not self._form.model_version:
            return text
        version = f'"model_version":"{self._version.card.version}"'
        return f"{text[:-1]}{'' if text == '{}' else ','}{version}" + "}"

    def result(self, rows: Iterable[tuple[FileRow, str | AppError]]) -> bytes:
        """Return rows with their answers, or with their errors."""
        return "".join([self._line(row, outcome) for row, outcome in rows]).encode()

    def _line(self, row: FileRow, outcome: str | AppError) -> str:
        text = row.values[:-1].rstrip()
        if isinstance(outcome, AppError):
            member = {"error": outcome.detail}
            try:
                object_in(row)
            except BadRowError:  # nothing can be added to it
                text = "{"
            added = json.dumps(member, ensure_ascii=False)[1:]
        else:
            added = f'"prediction":{outcome}' + "}"
        return f"{text}{'' if text == '{' else ','}{added}\n"

    def largest_result(self, text: bytearray, answers: int) -> int:
        """Return how many bytes the result of these rows can take."""
        answer, card = self._version.served.answer, self._version.card
        members = [len(name.encode()) + LONGEST_CELL for name in answer.columns(card)]
        more = MEMBER_BYTES + ERROR_BYTES * self._form.skip_bad_rows
        longest: int = answer.longest(card) + sum(members) + more
        return len(text) + answers * longest


def object_in(row: FileRow) -> dict[str, Any]:
    """Return the object that a line is, or raise BadRowError."""
    try:
        found = from_json(row.values, allow_inf_nan=False)
    except ValueError as error:
        fault = str(error).replace(" at line 1 column", " at character")
        raise BadRowError(f"Line {row.line} is not JSON: {fault}.") from None
    if not isinstance(found, dict):
        raise BadRowError(f"Line {row.line} is not a JSON object.")
    if taken := found.keys() & ADDED:
        raise BadRowError(f"Line {row.line} has {taken.pop()}, which the result adds: rename it.")
    return found


def read_lines(file: BinaryIO, line: int = 1, *, encoding: str = "utf-8") -> Iterator[FileRow]:
    """Yield the lines of a file, or of a piece that begins at this line; or raise BadRowError."""
    text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
    values = ""
    try:
        while values := text.readline(LONGEST_ROW + 1):
            if len(values) > LONGEST_ROW:
                raise BadRowError(f"Line {line} has more than {LONGEST_ROW:,} characters.")
            value = values.strip()
            yield FileRow(line, values.encode(), value, blank=not value)
            line += 1
    except UnicodeEncodeError:  # what could not be decoded cannot be encoded again
        raise not_in_utf_8(line, values) from None
    except UnicodeDecodeError:
        raise BadRowError(f"Line {line} is not in {encoding.upper()}.") from None

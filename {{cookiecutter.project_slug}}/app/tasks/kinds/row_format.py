"""A file with a row for each prediction, and the ways to write one: CSV and JSON Lines."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol, TypeAlias

from pydantic import BaseModel

from app.errors import AppError
from app.kit.columns import Columns
from app.serving.answers import Answer
from app.serving.loaded import LoadedModel
from app.serving.served import Served

LONGEST_ROW = 131_072  # characters, all in memory at once; also what Python's csv takes as a value
ERROR_BYTES = 200  # of a message, on average
JSON_LINES_TYPES = ("application/x-ndjson", "application/jsonl")  # none is official
CODE_PAGES = ("cp1252", "cp949", "cp932")  # what programs in the West, Korea and Japan write

Version: TypeAlias = LoadedModel[Any, Any]


class BadUploadError(AppError):
    """The file cannot be used."""

    status = 422
    title = "Bad Upload"


class BadRowError(BadUploadError):
    """A row of the file breaks a rule."""

    title = "Bad Row"


class FileRow(NamedTuple):
    """A row, and the line of the file where it begins."""

    line: int
    text: bytes  # as it is in the file
    values: Any  # the texts of a CSV, the text of a line of JSON
    blank: bool = False  # whether there is nothing in it


class FileForm(BaseModel):
    """How a file is written, and what is wanted in its result."""

    format: Literal["csv", "jsonl"] = "csv"
    columns: list[str] = []  # of a CSV
    delimiter: str = ","
    decimal_comma: bool = False  # whether the file has 5,1 for 5.1
    skip_bad_rows: bool = False  # give them an `error` instead of an answer
    model_version: bool = False  # add to each answer the version that gave it


@cache
def columns_of(served: Served[Any, Any]) -> Columns:
    """Return the columns of what a model is asked."""
    return Columns(served.features)


class RowFormat(Protocol):
    """A way to write the rows of a file, and those of its result."""

    def rows(self, file: BinaryIO, line: int) -> Iterator[FileRow]:
        """Yield the rows of a piece that begins at this line; or raise BadRowError."""

    def check(self, row: FileRow) -> None:
        """Raise BadRowError if the form of a row is wrong."""

    def features(self, row: FileRow) -> BaseModel:
        """Return the features, or raise BadRowError, which says which value breaks which rule."""

    def header(self) -> bytes:
        """Return what the result begins with."""

    def written(self, answer: Answer) -> Any:  # noqa: ANN401
        """Return an answer as the result has it; whatever is raised is the answer's fault."""

    def result(self, rows: Iterable[tuple[FileRow, Any]]) -> bytes:
        """Return rows with their written answers, or with their errors."""

    def largest_result(self, text: bytearray, answers: int) -> int:
        """Return how many bytes the result of these rows can take."""


def not_in_utf_8(line: int, text: str) -> BadRowError:
    """Return the error that says so, and which code pages the text may be in."""
    given = text.encode("utf-8", "surrogateescape")
    perhaps = []
    for page in CODE_PAGES:
        with suppress(UnicodeDecodeError):
            given.decode(page)
            perhaps.append(page)
    pages = f" (perhaps in {' or '.join(perhaps)})" if perhaps else ""
    how = 'in a spreadsheet, save the file as "CSV UTF-8".'
    return BadRowError(f"Line {line} is not in UTF-8{pages}; {how}")

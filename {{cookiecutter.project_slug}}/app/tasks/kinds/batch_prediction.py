"""`batch-prediction`: a file with a row for each prediction, and the same file with the answers.

Each piece of the upload gives a piece of the result, stored in one transaction with the progress:
after a crash, the next attempt continues. One version of a model answers all rows: if another is
served by then, the next attempt begins again.
"""

import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeAlias

import structlog
from pydantic import BaseModel

from app.errors import AppError, UnavailableError
from app.serving.answers import Answer
from app.serving.errors import BadAnswerError
from app.tasks.engine.context import TaskContext
from app.tasks.kinds.row_format import BadRowError, FileRow, RowFormat
from app.tasks.kinds.upload import BatchPrediction, format_of

logger = structlog.get_logger()

Rows: TypeAlias = Sequence[BaseModel]
Ask: TypeAlias = Callable[[Rows], Sequence[Answer]]
Outcomes: TypeAlias = Iterator[Answer | AppError]


def predict_batch(payload: BatchPrediction, task: TaskContext) -> dict[str, Any]:
    """Predict every row, piece by piece, from the first one that this version has not answered."""
    model = task.models.get(payload.model) if payload.model else task.models.first
    with model.current.pinned() as version:
        card = version.card
        answered = task.resume(card.model_dump_json(include={"name", "version", "labels"}))
        format_ = format_of(payload, version)
        ask = partial(ask_each, partial(model.predict, version=version), version.example)
        for number in range(answered, payload.pieces):
            piece = io.BytesIO(zlib.decompress(task.input_piece(number) or b""))
            read = format_.rows(piece, payload.first_line(number))
            rows = [row for row in read if not row.blank]
            outcomes = predict_rows(format_, rows, ask, skip=payload.skip_bad_rows)
            lines = format_.result(zip(rows, outcomes, strict=True))
            task.save((number + 1) / payload.pieces, lines if number else format_.header() + lines)
    named = {"model": model.served.name, "model_version": card.version}
    return named if payload.format == "csv" else {**named, "format": payload.format}


def predict_rows(
    format_: RowFormat, rows: Sequence[FileRow], ask: Callable[[Rows], Outcomes], *, skip: bool
) -> Iterator[Any]:
    """Yield each row's answer as the result has it, or its error; raise that if none is skipped."""
    read = partial(features_or_error, format_) if skip else format_.features
    asked = [read(row) for row in rows]
    outcomes = ask([one for one in asked if not isinstance(one, BadRowError)])
    for row, one in zip(rows, asked, strict=True):
        if isinstance(one, BadRowError):
            yield one
            continue
        outcome = written(format_, next(outcomes))
        if isinstance(outcome, AppError):
            outcome.place = f"Line {row.line}"
            if not skip:
                raise outcome
            logger.warning("row_skipped", why=outcome.detail, cause=repr(outcome.__cause__)[:300])
        yield outcome


def written(format_: RowFormat, outcome: Answer | AppError) -> Any:  # noqa: ANN401
    """Return an answer as the result has it, or the error that it cannot be."""
    if isinstance(outcome, AppError):
        return outcome
    try:
        return format_.written(outcome)
    except Exception as error:
        bad = BadAnswerError(f"something that cannot be written ({type(error).__name__})")
        bad.__cause__ = error
        return bad


def features_or_error(format_: RowFormat, row: FileRow) -> BaseModel | BadRowError:
    """Return the features of a row; or the error, for a bad row that is skipped."""
    try:
        return format_.features(row)
    except BadRowError as error:
        return error


def ask_each(ask: Ask, example: BaseModel, rows: Rows) -> Outcomes:
    """Yield each row's answer, or its error: rows that fail together are asked in halves.

    If the model fails for its example as well, the row is not at fault, and the error is raised.
    """
    try:
        answers: Sequence[Answer] = ask(rows) if rows else ()
    except UnavailableError:
        raise
    except AppError as error:
        half = len(rows) // 2
        if half:
            yield from ask_each(ask, example, rows[:half])
            yield from ask_each(ask, example, rows[half:])
        else:
            ask([example])
            yield error
    else:
        yield from answers

"""`batch-prediction`: a CSV with a row for each prediction, and the same CSV with the answers.

Each piece of the upload gives a piece of the result, stored in one transaction with the progress:
after a crash, the next attempt continues. One model answers all rows: under another version, the
next attempt begins again.
"""

import io
import re
import zlib
from typing import Any

import numpy as np
from pydantic import ValidationError

from app.models import Features
from app.serving.errors import BadAnswerError
from app.serving.protocol import Model
from app.tasks.engine.context import TaskContext
from app.tasks.kinds.csv_rows import BadRowError, CsvRow, as_csv, read_rows
from app.tasks.kinds.csv_upload import BatchPrediction, check_width, result_header

decimal_comma = re.compile(r"^(\s*[-+]?\d*),(\d+)(?=\s*$|[eE])").sub


def predict_batch(payload: BatchPrediction, task: TaskContext) -> dict[str, Any]:
    """Predict every row, piece by piece, from the first piece that this model has not answered."""
    card = task.model.card
    answered = task.resume(card.model_dump_json(include={"version", "labels"}))
    for number in range(answered, payload.pieces):
        piece = io.BytesIO(zlib.decompress(task.input_piece(number) or b""))
        read = read_rows(piece, payload.first_line(number), delimiter=payload.delimiter)
        rows = [row for row in read if not row.blank]
        answers = zip(rows, predict_rows(task.model, payload, rows), strict=True)
        lines = as_csv((row.values + answer for row, answer in answers), payload.delimiter)
        if number == 0:
            lines = result_header(payload.columns, card.labels, payload.delimiter) + lines
        task.save((number + 1) / payload.pieces, lines)
    return {"model_version": card.version}


def predict_rows(model: Model, file: BatchPrediction, rows: list[CsvRow]) -> list[list[str]]:
    """Return each row's label and probabilities, as text; an error names the first bad row."""
    features = [parse_row(row, file) for row in rows]
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
    mark = "," if file.decimal_comma else "."
    return [
        [label, *(f"{p:.6f}".replace(".", mark) for p in row)]
        for label, row in zip(labels, probabilities.tolist(), strict=True)
    ]


def parse_row(row: CsvRow, file: BatchPrediction) -> Features:
    """Return the features of a row; BadRowError says which value breaks which rule."""
    check_width(row, file.columns)
    found = dict(zip(file.columns, row.values, strict=True))
    texts = {name: found[name] for name in Features.model_fields if name in found}
    if file.decimal_comma:
        texts = {name: decimal_comma(r"\1.\2", text) for name, text in texts.items()}
    try:
        features = Features.model_validate_strings(texts)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise BadRowError(f"Line {row.line}, {problem['loc'][0]}: {problem['msg']}.") from None
    for name, text in texts.items():  # Pydantic takes 1_0 for 10, as Python does
        if "_" in text and isinstance(getattr(features, name), int | float):
            raise BadRowError(f"Line {row.line}, {name}: a number has no underscore.")
    return features

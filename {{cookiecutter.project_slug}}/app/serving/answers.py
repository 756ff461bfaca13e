"""What the numbers of a model mean, and which numbers mean nothing."""

from collections.abc import Sequence

import numpy as np

from app.serving.errors import BadAnswerError
from app.serving.protocol import Matrix, Row

LARGEST_PROBABILITY = 1.0001  # float32 adds up to a little more than 1


def check_shape(answers: Matrix, rows: int, labels: int) -> Matrix:
    """Return answers that are floats of shape (rows, labels), or raise BadAnswerError."""
    if not isinstance(answers, np.ndarray) or answers.dtype.kind != "f":
        given = getattr(answers, "dtype", type(answers).__name__)
        raise BadAnswerError(f"{given} instead of an array of floats")
    if answers.shape != (rows, labels):
        raise BadAnswerError(f"numbers of shape {answers.shape} instead of {(rows, labels)}")
    return answers


def check_probabilities(answers: Matrix) -> Matrix:
    """Return answers that are probabilities, of shape (rows, labels), or raise BadAnswerError."""
    good = (answers >= 0) & (answers <= LARGEST_PROBABILITY)
    if not good.all():
        row, label = np.argwhere(~good)[0].tolist()
        raise BadAnswerError(f"{answers[row, label]}, which is not a probability", row)
    return answers


def classify(labels: Sequence[str], probabilities: Row) -> tuple[str, dict[str, float]]:
    """Return the most probable label, and each label's probability; `probabilities` (labels,)."""
    found, best = (
        probabilities.tolist(),
        int(probabilities.argmax()),
    )  # that of NaN, if there is one
    if not (found[best] <= LARGEST_PROBABILITY and min(found) >= 0):
        check_probabilities(probabilities[np.newaxis])
    return labels[best], dict(zip(labels, found, strict=True))

"""Which numbers are probabilities."""

import numpy as np
import pytest

from app.serving.answers import check_probabilities, classify
from app.serving.errors import BadAnswerError

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("numbers", "bad"),
    [
        ([NAN, 0.5, 0.5], "nan"),
        ([0.5, 0.5, NAN], "nan"),
        ([0.5, NAN, -0.5], "nan"),
        ([INFINITY, 0, 0], "inf"),
        ([0.5, -INFINITY, 0.5], "-inf"),
        ([7, 0, 0], "7.0"),
        ([1, 0, -0.25], "-0.25"),
        ([1.01, 0, 0], "1.0099999904632568"),
    ],
)
def test_what_is_not_a_probability_is_named(numbers: list[float], bad: str) -> None:
    row = np.array(numbers, dtype=np.float32)
    with pytest.raises(BadAnswerError, match=f"^The model gave {bad}, which is not a probability"):
        classify(["a", "b", "c"], row)
    good = np.full(3, 1 / 3, dtype=np.float32)
    with pytest.raises(BadAnswerError) as raised:
        check_probabilities(np.array([good, good, row, good, row]))
    assert raised.value.row == 2


@pytest.mark.parametrize("numbers", [[0, 0, 1], [0.25, 0.5, 0.25], [1.00005, 0, 0], [-0.0, 1, 1]])
def test_what_is_one_is_answered(numbers: list[float]) -> None:
    row = np.array(numbers, dtype=np.float32)
    label, probabilities = classify(["a", "b", "c"], row)
    assert probabilities[label] == row.max()
    assert check_probabilities(row[np.newaxis]) is not None

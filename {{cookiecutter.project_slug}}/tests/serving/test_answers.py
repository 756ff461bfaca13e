"""What a model may answer: the ready-made answers, from a graph's outputs and as CSV."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.serving.answers import (
    Answer,
    Classification,
    Embedding,
    Regression,
    as_cell,
    check_values,
)
from app.serving.card import ModelCard
from app.serving.errors import BadAnswerError
from tests.fakes import CARD

NAN, INFINITY = float("nan"), float("inf")
THREE = CARD.model_copy(update={"labels": ["a", "b", "c"]})


def classify(*rows: Sequence[float]) -> Sequence[Classification]:
    """Return the answers to these probabilities."""
    outputs = {"probabilities": np.array(rows, dtype=np.float32)}
    return Classification.from_outputs(outputs, THREE)


@pytest.mark.parametrize(
    ("numbers", "bad"),
    [
        ([NAN, 0.5, 0.5], "nan for probabilities.a"),
        ([0.5, 0.5, NAN], "nan for probabilities.c"),
        ([0.5, NAN, -0.5], "nan for probabilities.b"),
        ([INFINITY, 0, 0], "inf for probabilities.a"),
        ([0.5, -INFINITY, 0.5], "-inf for probabilities.b"),
        ([7, 0, 0], "7.0 for probabilities.a"),
        ([1, 0, -0.25], "-0.25 for probabilities.c"),
        ([1.01, 0, 0], "1.0099999904632568 for probabilities.a"),
    ],
)
def test_what_is_not_a_probability_is_named_and_spoils_no_other_row(
    numbers: list[float], bad: str
) -> None:
    good, wrong, _ = classify([0.25, 0.5, 0.25], numbers, numbers)
    check_values(good)
    with pytest.raises(BadAnswerError, match=f"^The model gave {bad} "):
        check_values(wrong)


@pytest.mark.parametrize("numbers", [[0, 0, 1], [0.25, 0.5, 0.25], [1.00005, 0, 0], [-0.0, 1, 1]])
def test_what_is_one_is_answered(numbers: list[float]) -> None:
    (answer,) = classify(numbers)
    check_values(answer)
    assert answer.probabilities[answer.label] == np.float32(max(numbers))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (np.ones((1, 1)), r"1 probabilities for each row, and its card has 3 labels \(a, b, c\)"),
        (np.ones(3), r"numbers of shape \(3,\) instead of \(rows, length\)"),
        (np.ones((1, 3), dtype=np.int64), "int64 instead of an array of floats"),
        (np.array([["a", "b", "c"]]), "<U1 instead of an array of floats"),
        ([[1, 0, 0]], "list instead of an array of floats"),
    ],
)
def test_outputs_that_are_no_probabilities(given: Any, fault: str) -> None:  # noqa: ANN401
    with pytest.raises(BadAnswerError, match=fault):
        Classification.from_outputs({"probabilities": given}, THREE)


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_a_number(shape: tuple[int, ...]) -> None:
    given = np.array([1.5, -2], dtype=np.float32).reshape(shape)
    answers = Regression.from_outputs({"variable": given}, CARD)
    assert [answer.value for answer in answers] == [1.5, -2]
    with pytest.raises(BadAnswerError, match=r"numbers of shape \(2, 2\)"):
        Regression.from_outputs({"variable": np.ones((2, 2))}, CARD)


def test_a_vector() -> None:
    (answer,) = Embedding.from_outputs({"embedding": np.ones((1, 3))}, CARD)
    assert answer.vector == [1, 1, 1]
    assert (answer.columns(CARD), answer.cells(CARD)) == (["vector"], ["[1.0, 1.0, 1.0]"])


class Box(Answer):
    """A part of an answer of one's own."""

    width: float


class Found(Answer):
    """An answer of one's own."""

    box: Box
    name: str | None
    score: float


def test_an_answer_of_ones_own_is_checked_and_becomes_a_row() -> None:
    found = Found(box=Box(width=2), name=None, score=0.5)
    assert found.columns(CARD) == ["box", "name", "score"]
    box, name, score = found.cells(CARD)
    assert (json.loads(str(box)), name, score) == ({"width": 2}, "", "0.500000")
    with pytest.raises(ValidationError):
        Found(box=Box(width=2), name=None, score=NAN)
    with pytest.raises(BadAnswerError, match=r"nan for box\.width"):
        check_values(Found.model_construct(box=Box.model_construct(width=NAN), name="", score=1))


def test_an_answer_of_a_graph_is_like_any_other() -> None:
    (answer,) = classify([0.25, 0.5, 0.25])
    made = Classification(label="b", probabilities=answer.probabilities)
    assert answer == made
    assert answer.model_dump_json() == made.model_dump_json()
    assert answer.model_copy() == made
    assert repr(answer) == repr(made)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0,000000"),
        (-12.5, "-12,500000"),
        (0.00012345678, "0,000123457"),
        (1e300, "1e+300"),
        (True, "true"),
        (7, "7"),
        (None, ""),
        ("a.b", "a.b"),
        ([1.5], "[1.5]"),
    ],
)
def test_a_value_as_text(value: object, text: str) -> None:
    assert as_cell(value, ",") == text


def test_an_answer_that_no_graph_gives_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Found has no from_outputs"):
        Found.from_outputs({}, CARD)


@pytest.mark.parametrize("label", ["setosa", 'say "no"', "=a", "a,b", "ü"])
def test_the_longest_answer_is_not_underestimated(label: str) -> None:
    from app.tasks.kinds.csv_rows import as_csv

    card: ModelCard = CARD.model_copy(update={"labels": [label, "b"]})
    for probability in (0.5, 0.0001234567, 1e-7, 0.0):
        answer = Classification(label=label, probabilities={label: probability, "b": probability})
        line = as_csv([answer.cells(card)])
        assert len(line) <= Classification.longest(card)


def test_of_two_labels_the_second_ones_probability_is_enough() -> None:
    (answer,) = Classification.from_outputs({"probabilities": np.array([0.75])}, CARD)
    assert answer.probabilities == {"short": 0.25, "long": 0.75}
    assert answer.label == "long"

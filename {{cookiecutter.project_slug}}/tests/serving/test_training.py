"""What a training says about the rows that it saw."""

import math
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, Field

from app.kit.start import StartError
from app.serving.card import FeatureCategories, FeatureOther, FeatureRange, ModelCard
from app.serving.checks import check_bounds
from app.serving.examples import example_of
from app.serving.training import bins, features_seen
from app.serving.unseen import unseen
from tests.fakes import CARD


class Note(BaseModel):
    """Features of every sort."""

    weight: float | None = Field(alias="the weight", json_schema_extra={"unit": "kg"})
    is_old: bool | None
    text: str = Field(examples=["hello"])
    never: float | None = None


class Frame(dict[str, Any]):
    """What a DataFrame has that is used: columns, each of which becomes an array."""

    @property
    def columns(self) -> list[str]:
        return list(self)


WEIGHTS = [2, 4.0, math.nan, 4]
FRAME = Frame(
    {
        "weight": WEIGHTS,
        "is_old": np.array([True, None, None, True], dtype=object),
        "text": ["a", "b", "c", "d"],
        "never": [math.nan] * 4,
    }
)


def test_numbers_have_a_range_and_categories_their_shares() -> None:
    weight, is_old, text, never = features_seen(Note, FRAME)
    assert weight == FeatureRange(
        name="weight", unit="kg", minimum=2, maximum=4, missing=0.25, bins=bins(np.array([2, 4, 4]))
    )
    assert is_old == FeatureCategories(
        name="is_old", categories=["true"], missing=0.5, shares={"true": 1}
    )
    assert text == FeatureCategories(
        name="text", categories=["a", "b", "c", "d"], missing=0, shares=dict.fromkeys("abcd", 0.25)
    )
    assert never == FeatureOther(name="never", missing=1)


def test_a_column_with_many_values_is_a_text() -> None:
    frame = Frame({name: [*map(str, range(101))] for name in Note.model_fields})
    assert features_seen(Note, frame)[2] == FeatureOther(name="text", missing=0)
    frame["text"] = [*map(str, range(100)), "99"]
    assert isinstance(features_seen(Note, frame)[2], FeatureCategories)


def test_an_array_has_its_columns_in_the_order_of_the_features() -> None:
    rows = np.array([[1, True, "a", None], [3, False, "b", None]], dtype=object)
    by_place = features_seen(Note, rows)
    assert [seen.name for seen in by_place] == [*Note.model_fields]
    assert isinstance(by_place[0], FeatureRange)
    assert (by_place[0].minimum, by_place[0].maximum) == (1, 3)


@pytest.mark.parametrize("name", ["the weight", "weight"])
def test_a_column_is_called_as_the_feature_or_as_clients_call_it(name: str) -> None:
    names = [name, "is_old", "text", "never"]
    frame = Frame(zip(names, FRAME.values(), strict=True))
    assert features_seen(Note, frame)[0].name == "weight"


def test_other_columns_than_the_features_are_named() -> None:
    frame = Frame(zip([*Note.model_fields][:3], FRAME.values(), strict=False), Weight=WEIGHTS)
    with pytest.raises(StartError, match=r"It has \['Weight'\], and lacks \['never'\]"):
        features_seen(Note, frame)
    with pytest.raises(StartError, match=r"test_training\.py, in the same order: weight, is_old"):
        features_seen(Note, Frame(reversed(FRAME.items())))
    with pytest.raises(StartError, match=r"names 4 features, and the training data has 2 columns"):
        features_seen(Note, np.ones((3, 2)))


def test_what_no_question_can_hold_is_named() -> None:
    with pytest.raises(StartError, match="an infinite weight"):
        features_seen(Note, Frame(FRAME, weight=[1, -math.inf, 2, 3]))
    with pytest.raises(StartError, match="has no rows: nothing is known of weight"):
        features_seen(Note, Frame({name: [] for name in FRAME}))


def test_an_empty_text_is_a_missing_one() -> None:
    text = features_seen(Note, Frame(FRAME, text=["a", "", "a", "b"]))[2]
    assert text == FeatureCategories(
        name="text", categories=["a", "b"], missing=0.25, shares={"a": 2 / 3, "b": 1 / 3}
    )


def test_what_was_seen_of_a_text_is_whether_it_was_missing() -> None:
    card: ModelCard = CARD.model_copy(
        update={"features": [FeatureOther(name="text", missing=0), FeatureOther(name="never")]}
    )
    note = example_of(Note, card_with(card, *features_seen(Note, FRAME)[:2]))
    check_bounds(note, card)
    assert list(unseen(card, note)) == []
    missing = note.model_copy(update={"text": None})
    assert [warning.name for warning in unseen(card, missing)] == ["text"]


def card_with(card: ModelCard, *more: Any) -> ModelCard:  # noqa: ANN401
    return card.model_copy(update={"features": [*more, *card.features]})

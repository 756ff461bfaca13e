"""Values that a model may be asked about, although training never saw their like."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field, FiniteFloat

from app.errors import AppError
from app.serving.card import FeatureCategories, FeatureRange, ModelCard, as_category

LARGEST = 3.4028234e38  # of a float32


class RangeWarning(BaseModel):
    """A number that is possible, but outside what the model saw in training."""

    name: str
    unit: str | None
    minimum: FiniteFloat = Field(description="The smallest value in the training data")
    maximum: FiniteFloat = Field(description="The largest value in the training data")
    value: FiniteFloat


class UnseenWarning(BaseModel):
    """A category that the model never saw in training; or none (null), where none was missing."""

    name: str
    value: str | None


class InfiniteValueError(AppError):
    """A value of the features is infinite, or would be as a float32, which is what models take."""

    status = 422
    title = "Infinite Value"


def unseen(card: ModelCard, features: BaseModel) -> Iterator[RangeWarning | UnseenWarning]:
    """Yield the values unlike anything that the model was trained on.

    Raise InfiniteValueError at one that no model can use, and no JSON could name in the answer.
    """
    values = vars(features)
    for seen in card.features:
        value = values[seen.name]
        if value is None:
            if seen.missing == 0:
                yield UnseenWarning(name=seen.name, value=None)
        elif isinstance(seen, FeatureCategories):
            if (category := as_category(value)) not in seen.categories:
                yield UnseenWarning(name=seen.name, value=category)
        elif isinstance(seen, FeatureRange) and is_outside(seen, value):
            yield out_of_range(seen, value)


def is_outside(seen: FeatureRange, value: Any) -> bool:  # noqa: ANN401
    """Return whether a number is outside the range; NaN, a missing value, is not."""
    try:
        return bool(value < seen.minimum or value > seen.maximum)
    except TypeError:  # no number, whatever training saw
        return False


def out_of_range(seen: FeatureRange, value: float) -> RangeWarning:
    """Return the warning, or raise InfiniteValueError; 1e999 is JSON, and infinite in Python."""
    if abs(value) > LARGEST:
        raise InfiniteValueError(f"{seen.name} is infinite, or too large to be calculated with.")
    return RangeWarning(**vars(seen), value=value)

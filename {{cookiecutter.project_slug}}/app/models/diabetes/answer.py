"""What the model answers: a number, and an interval that holds the truth nine times out of ten."""

from collections.abc import Sequence

from pydantic import Field

from app.serving.answers import Answer, Outputs, floats
from app.serving.card import ModelCard
from app.serving.lenient import lenient


class Progression(Answer):
    """How far the disease will have progressed a year later; in the data, from 25 to 346."""

    value: float = Field(description="What the model expects", examples=[208.8])
    low: float = Field(description="As far below `value` as `high` is above it", examples=[116.1])
    high: float = Field(description="In 90 % of all cases, the truth is from `low` to `high`")

    @classmethod
    def from_outputs(cls, outputs: Outputs, _card: ModelCard, /) -> "Sequence[Progression]":
        """Read the graph's only output: floats of shape (rows, 3), which are the three above."""
        (found,) = outputs.values()
        rows = floats(found, width=3).tolist()
        return [lenient(cls, value=value, low=low, high=high) for value, low, high in rows]

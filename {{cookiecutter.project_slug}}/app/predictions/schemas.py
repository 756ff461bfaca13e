"""What the prediction routes take and answer."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, FiniteFloat

from app.kit.pagination import NextCursor
from app.serving.artefact import FeatureRange

Probability = Annotated[float, Field(ge=0, le=1.0001, allow_inf_nan=False)]


class RangeWarning(FeatureRange):
    """A value that is possible, but outside what the model saw in training."""

    value: FiniteFloat


class Prediction(BaseModel):
    """The model's answer."""

    label: str = Field(description="The most probable label", examples=["setosa"])
    probabilities: dict[str, Probability] = Field(
        description="The probability of each label", examples=[{"setosa": 0.98, "versicolor": 0.02}]
    )
    model_version: str = Field(description="The version of the model that answered")
    warnings: list[RangeWarning] = Field(
        description="Values outside what the model was trained on: trust the answer less"
    )


class StoredPrediction(Prediction):
    """A prediction and the record of it."""

    id: UUID
    created_at: datetime
    features: dict[str, Any] = Field(  # not `Features`, which may change afterwards
        description="What the model was asked, by the names of that time",
        examples=[{"petal_length_cm": 1.4}],
    )


class PredictionPage(BaseModel):
    """A page of the stored predictions, newest first."""

    items: list[StoredPrediction]
    next_cursor: NextCursor

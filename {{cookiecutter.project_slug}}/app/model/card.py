"""The model card: what a reader and the loader must know of a model, beside its file."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class FeatureRange(BaseModel):
    """One input of the model, and what it saw of it in training."""

    name: str
    unit: str
    minimum: float = Field(description="The smallest value in the training data")
    maximum: float = Field(description="The largest value in the training data")


class ModelFacts(BaseModel):
    """What the one who trains a model says of it."""

    name: str
    metrics: dict[str, float] = Field(description="Measured on data held out of the training")
    features: list[FeatureRange] = Field(min_length=1, description="In the order of the columns")
    labels: list[str] = Field(min_length=2, description="In the order of the probabilities")
    libraries: dict[str, str] = Field(description="What the model was made with")


class ModelCard(ModelFacts):
    """What stands in `card.json`."""

    card_schema: Literal[1] = Field(1, description="The version of the card's own layout")
    version: str = Field(description="The first 12 digits of the ONNX file's SHA-256")
    sha256: str = Field(description="The ONNX file's SHA-256, in hexadecimal")
    trained_at: datetime

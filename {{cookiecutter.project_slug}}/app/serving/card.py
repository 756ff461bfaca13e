"""The card of a model: what is known of it, as `card.json` and as `GET /v1/model`."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Missing = Annotated[
    Share | None, Field(description="The share of missing values in the training data, if known")
]


class Bins(BaseModel):
    """How a number was distributed in training: ten bins or fewer, with about as many rows each."""

    edges: list[FiniteFloat] = Field(description="Between two bins; each is in the bin above it")
    shares: list[Share] = Field(description="The share of rows in each bin, one more than edges")

    @model_validator(mode="after")
    def demand_one_more(self) -> Self:
        """Refuse shares that do not fit the edges."""
        if len(self.shares) != len(self.edges) + 1 or self.edges != sorted(set(self.edges)):
            raise ValueError("edges must rise, and there must be one more share than edges")
        return self


Shares = Annotated[dict[str, Share], Field(description="The share of rows with each value")]


class FeatureRange(BaseModel):
    """A number that the model takes, and its range in training."""

    name: str
    unit: str | None = None
    minimum: FiniteFloat = Field(description="The smallest value in the training data")
    maximum: FiniteFloat = Field(description="The largest value in the training data")
    missing: Missing = None
    bins: Bins | None = None


def as_category(value: object) -> str:
    """Return a value that is a category as text, as JSON writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, Enum) else value)


class FeatureCategories(BaseModel):
    """A category that the model takes, and its values in training."""

    name: str
    categories: list[str] = Field(min_length=1, description="The values in the training data")
    missing: Missing = None
    shares: Shares | None = None


class FeatureOther(BaseModel):
    """A feature that is neither, such as a text, a list or a file."""

    model_config = ConfigDict(extra="forbid")  # or a range with a fault in it would be one of these

    name: str
    missing: Missing = None


FeatureSeen: TypeAlias = FeatureRange | FeatureCategories | FeatureOther


class ModelFacts(BaseModel):
    """What is known of a model from its training; a model is served without any of it, too."""

    kind: str = Field("", description="The class of its answers, if known, such as Regression")
    metrics: dict[str, FiniteFloat] = Field(
        default={}, description="Measured on data held out of the training"
    )
    features: list[FeatureSeen] = Field(
        default=[], description="In the order of the features; empty if not known"
    )
    labels: list[str] = Field(
        default=[], description="What a classification can answer, in order of the probabilities"
    )
    answers: Bins | Shares | None = Field(
        default=None, description="How the true answers were distributed in training"
    )
    libraries: dict[str, str] = Field(default={}, description="Versions of what made it")

    @field_validator("labels")
    @classmethod
    def demand_different_labels(cls, labels: list[str]) -> list[str]:
        """Refuse a label that appears twice: an answer has each one once."""
        if len(set(labels)) != len(labels):
            raise ValueError("each label must appear once")
        return labels


class ModelCard(ModelFacts):
    """What is known of a model."""

    card_schema: Literal[2] = Field(2, description="The version of the card's own layout")
    name: str = Field(description="The model's name in the service")
    version: str = Field(description="12 digits of the SHA-256 of its files, kind and labels")
    files: dict[str, str] = Field(description="The SHA-256 of each file, in hexadecimal")
    trained_at: datetime

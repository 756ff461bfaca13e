"""What a report says about each version, each feature and the answer."""

from datetime import datetime

from pydantic import BaseModel, Field

FEW_ROWS = 100  # with fewer, a PSI is mostly chance
SOME, MUCH = 0.1, 0.25  # the usual thresholds of a PSI


class Part(BaseModel):
    """A category, or a range of numbers, and the share of the values that were in it."""

    name: str
    share: float
    training: float | None = Field(description="The share in training, if the card has it")


class ColumnReport(BaseModel):
    """A feature, or the answer."""

    name: str
    rows: int
    missing: float = Field(description="The share of rows without a value")
    outside: float = Field(description="The share of rows with a value that training never saw")
    psi: float | None = Field(description="Population stability index, against training")
    parts: list[Part]
    edges: list[float] = Field(description="Between the parts, if they are ranges of a number")
    quantiles: dict[str, float] | None = Field(description="Of numbers; 5% to 95%")

    @property
    def verdict(self) -> str:
        """What the PSI means, in a few words."""
        if self.psi is None:
            return "not known"
        if self.rows < FEW_ROWS:
            return "too few rows"
        return (
            "drifted" if self.psi >= MUCH else "shifted" if self.psi >= SOME else "as in training"
        )


class VersionReport(BaseModel):
    """A version of a model: what it was asked, what it answered, and how often it was right."""

    model: str
    version: str
    rows: int
    first_at: datetime
    last_at: datetime
    outcomes: int = Field(description="The number of rows with an outcome")
    accuracy: float | None = Field(description="The share of outcomes that equal its answer")
    mae: float | None = Field(description="The mean absolute error of numbers")
    rmse: float | None = Field(description="The root of the mean squared error of numbers")
    trained: dict[str, float] = Field(description="The metrics on its card")
    answer: ColumnReport | None
    features: list[ColumnReport]
    notes: list[str] = Field(description="What is not known, and why")


class Report(BaseModel):
    """What the record says of the models; the version that answered last comes first."""

    made_at: datetime
    days: float | None = Field(description="How far it looks back; null: as far as the record goes")
    versions: list[VersionReport]

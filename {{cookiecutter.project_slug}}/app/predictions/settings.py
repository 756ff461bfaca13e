"""The settings of the record; they are part of `Settings`."""

from pydantic import Field

from app.kit.settings import ProcessSettings


class PredictionSettings(ProcessSettings):
    """How long stored predictions are kept."""

    prediction_retention_seconds: int | None = Field(
        None, ge=1, le=3_153_600_000, description="How long predictions are kept; empty: for ever"
    )

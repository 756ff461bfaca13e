"""Where predictions are kept: what the service needs of a store, in a database or a test."""

from collections.abc import Awaitable
from typing import Protocol
from uuid import UUID

from app.errors import NotFoundError
from app.predictions.schemas import StoredPrediction


class PredictionNotFoundError(NotFoundError):
    """No prediction has this id."""

    title = "Prediction Not Found"


class PredictionStore(Protocol):
    """Predictions in the order they were added. All methods may raise StorageUnavailableError."""

    def add(self, prediction: StoredPrediction, /) -> Awaitable[None]:
        """Keep a prediction; once this is awaited, it survives the process."""

    def get(self, prediction_id: UUID) -> Awaitable[StoredPrediction]:
        """Return the prediction with this id, or raise PredictionNotFoundError."""

    def page(self, limit: int, after: UUID | None) -> Awaitable[list[StoredPrediction]]:
        """Return up to `limit`, newest first, older than `after`; or PredictionNotFoundError."""

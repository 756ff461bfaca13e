"""Where predictions are kept: the interface that the memory and SQLite repositories share."""

from typing import Protocol
from uuid import UUID

from app.errors import NotFoundError
from app.predictions.schemas import StoredPrediction


class PredictionNotFoundError(NotFoundError):
    """No prediction has this id."""

    title = "Prediction Not Found"


class PredictionRepository(Protocol):
    """Predictions in the order they were added. All methods may raise StorageUnavailableError."""

    async def add(self, prediction: StoredPrediction) -> None:
        """Keep a prediction; once this returns, it survives the process."""

    async def get(self, prediction_id: UUID) -> StoredPrediction:
        """The prediction with this id, or PredictionNotFoundError."""

    async def page(self, limit: int, after: UUID | None) -> list[StoredPrediction]:
        """At most `limit` predictions, newest first; only those added before `after`, if given.

        PredictionNotFoundError when there is no prediction `after`.
        """

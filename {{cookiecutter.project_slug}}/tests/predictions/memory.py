"""Predictions in memory: the smallest store there can be."""

from uuid import UUID

from app.predictions.schemas import StoredPrediction
from app.predictions.store import PredictionNotFoundError, PredictionUnreadableError, StoredT


class MemoryPredictionStore:
    """Keeps predictions in a dict, which remembers the order; gone with the process."""

    def __init__(self) -> None:
        self._predictions: dict[UUID, StoredPrediction] = {}

    async def add(self, prediction: StoredPrediction) -> None:
        """Keep a prediction."""
        self._predictions[prediction.id] = prediction

    async def get(self, kind: type[StoredT], prediction_id: UUID) -> StoredT:
        """Return the prediction with this id."""
        found = self._predictions.get(prediction_id)
        if not isinstance(found, kind):
            raise PredictionNotFoundError
        return found

    async def remove(self, kind: type[StoredPrediction], prediction_id: UUID) -> None:
        """Remove the prediction with this id."""
        await self.get(kind, prediction_id)
        del self._predictions[prediction_id]

    async def page(
        self, kind: type[StoredT], limit: int, after: UUID | None
    ) -> list[StoredT | PredictionUnreadableError]:
        """Return at most `limit` predictions, newest first; only those before `after`, if given."""
        newest_first: list[StoredT | PredictionUnreadableError] = [
            found for found in reversed(self._predictions.values()) if isinstance(found, kind)
        ]
        start = newest_first.index(await self.get(kind, after)) + 1 if after else 0
        return newest_first[start : start + limit]

"""Predictions in memory: the smallest store there can be."""

from uuid import UUID

from app.predictions.schemas import StoredPrediction
from app.predictions.store import Found, PredictionNotFoundError


class MemoryPredictionStore:
    """Keeps predictions in a dict, which remembers the order; gone with the process."""

    def __init__(self) -> None:
        self._predictions: dict[UUID, StoredPrediction] = {}

    async def add(self, prediction: StoredPrediction) -> None:
        """Keep a prediction."""
        self._predictions[prediction.id] = prediction

    async def get(self, prediction_id: UUID) -> StoredPrediction:
        """Return the prediction with this id."""
        if prediction_id not in self._predictions:
            raise PredictionNotFoundError
        return self._predictions[prediction_id]

    async def remove(self, prediction_id: UUID) -> None:
        """Remove the prediction with this id."""
        await self.get(prediction_id)
        del self._predictions[prediction_id]

    async def page(self, limit: int, after: UUID | None) -> list[Found]:
        """Return at most `limit` predictions, newest first; only those before `after`, if given."""
        newest_first: list[Found] = list(reversed(self._predictions.values()))
        start = newest_first.index(await self.get(after)) + 1 if after else 0
        return newest_first[start : start + limit]

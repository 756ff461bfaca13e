"""Predictions in memory: the smallest store there can be."""

import json
from uuid import UUID

from app.predictions.schemas import StoredPrediction
from app.predictions.store import PredictionNotFoundError, Record, as_text


class MemoryPredictionStore:
    """Keeps records in a dict, which remembers the order; gone with the process."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, UUID], Record] = {}

    async def add(self, prediction: StoredPrediction) -> None:
        """Keep a prediction."""
        record = Record(json.loads(as_text(prediction)))
        self._records[prediction.model_name, prediction.id] = record

    async def get(self, model: str, prediction_id: UUID) -> Record:
        """Return the prediction with this id."""
        if (model, prediction_id) not in self._records:
            raise PredictionNotFoundError
        return self._records[model, prediction_id]

    async def set_outcome(self, model: str, prediction_id: UUID, outcome: str) -> Record:
        """Keep what turned out to be true."""
        record = await self.get(model, prediction_id)
        record.content["outcome"] = json.loads(outcome)
        return record

    async def remove(self, model: str, prediction_id: UUID) -> None:
        """Remove the prediction with this id."""
        await self.get(model, prediction_id)
        del self._records[model, prediction_id]

    async def page(self, model: str, limit: int, after: UUID | None) -> list[Record]:
        """Return at most `limit` predictions, newest first; only those before `after`, if given."""
        newest_first = [r for (name, _), r in reversed(self._records.items()) if name == model]
        start = newest_first.index(await self.get(model, after)) + 1 if after else 0
        return newest_first[start : start + limit]

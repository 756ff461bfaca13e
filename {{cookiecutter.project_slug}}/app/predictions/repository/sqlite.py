"""Predictions in SQLite: a row each, with the whole record as JSON in `body`."""

from uuid import UUID

import aiosqlite

from app.predictions.repository import PredictionNotFoundError
from app.predictions.schemas import StoredPrediction
from app.storage.database import storage_errors

INSERT = "INSERT INTO predictions (id, body) VALUES (?, ?)"
SELECT_ONE = "SELECT seq, body FROM predictions WHERE id = ?"
SELECT_PAGE = "SELECT seq, body FROM predictions WHERE seq < ? ORDER BY seq DESC LIMIT ?"
BEYOND_THE_NEWEST = 2**63 - 1


class SqlitePredictionRepository:
    """Keeps predictions in the table `predictions`; several processes may share the file."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database

    async def add(self, prediction: StoredPrediction) -> None:
        """Keep a prediction; the statement is its own transaction."""
        with storage_errors():
            await self._database.execute_insert(
                INSERT, (str(prediction.id), prediction.model_dump_json())
            )

    async def get(self, prediction_id: UUID) -> StoredPrediction:
        """The prediction with this id."""
        _, body = await self._row(prediction_id)
        return StoredPrediction.model_validate_json(body)

    async def page(self, limit: int, after: UUID | None) -> list[StoredPrediction]:
        """At most `limit` predictions, newest first; only those added before `after`, if given."""
        before = (await self._row(after))[0] if after else BEYOND_THE_NEWEST
        with storage_errors():
            rows = await self._database.execute_fetchall(SELECT_PAGE, (before, limit))
        return [StoredPrediction.model_validate_json(body) for _, body in rows]

    async def _row(self, prediction_id: UUID) -> tuple[int, str]:
        with storage_errors():
            rows = await self._database.execute_fetchall(SELECT_ONE, (str(prediction_id),))
        for seq, body in rows:
            return seq, body
        raise PredictionNotFoundError

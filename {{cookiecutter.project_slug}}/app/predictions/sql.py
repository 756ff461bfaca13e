"""Predictions in the database: a row each, with the whole record as JSON in `body`."""

import json
from collections.abc import Sequence
from uuid import UUID

import structlog
from pydantic import ValidationError

from app.predictions.schemas import StoredPrediction
from app.predictions.store import Found, PredictionNotFoundError, PredictionUnreadableError
from app.storage.store import Store, gathers, reads, writes
from app.storage.thread import Storage

MIGRATIONS = (
    (
        """
        CREATE TABLE IF NOT EXISTS predictions (
            seq {serial},
            id TEXT NOT NULL UNIQUE,
            body TEXT NOT NULL
        )
        """,
    ),
)
# One statement for many rows, which come as JSON: each row is `value`.
INSERT = "INSERT INTO predictions (id, body) SELECT value ->> 'id', value ->> 'body' FROM {rows}"
SELECT_ONE = "SELECT seq, body FROM predictions WHERE id = :id"
DELETE = "DELETE FROM predictions WHERE id = :id RETURNING id"
SELECT_PAGE = "SELECT id, body FROM predictions WHERE seq < :before ORDER BY seq DESC LIMIT :limit"
BEYOND_THE_NEWEST = 2**63 - 1

logger = structlog.get_logger()


class SqlPredictionStore(Store):
    """The predictions in the table `predictions`, which many processes may share."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        storage.migrate("predictions", MIGRATIONS)

    @gathers
    def add(self, predictions: Sequence[StoredPrediction]) -> list[None]:
        """Keep predictions, in one statement."""
        rows = [{"id": str(p.id), "body": p.model_dump_json()} for p in predictions]
        self.connection.execute(INSERT, rows=json.dumps(rows))
        return [None] * len(rows)

    @reads
    def get(self, prediction_id: UUID) -> StoredPrediction:
        """Return the prediction with this id."""
        _, body = self._row(prediction_id)
        found = read(prediction_id, body)
        if isinstance(found, PredictionUnreadableError):
            raise found
        return found

    @writes
    def remove(self, prediction_id: UUID) -> None:
        """Remove the prediction with this id."""
        if not self.connection.execute(DELETE, id=str(prediction_id)):
            raise PredictionNotFoundError

    @reads
    def page(self, limit: int, after: UUID | None) -> list[Found]:
        """Return up to `limit` predictions, newest first: those older than `after`, if given."""
        before = self._row(after)[0] if after else BEYOND_THE_NEWEST
        rows = self.connection.execute(SELECT_PAGE, before=before, limit=limit)
        return [read(UUID(prediction_id), body) for prediction_id, body in rows]

    def _row(self, prediction_id: UUID) -> tuple[int, str]:
        for seq, body in self.connection.execute(SELECT_ONE, id=str(prediction_id)):
            return seq, body
        raise PredictionNotFoundError


def read(prediction_id: UUID, body: str) -> Found:
    """Return a prediction, or the error that it cannot be read."""
    try:
        return StoredPrediction.model_validate_json(body)
    except ValidationError as error:
        fields = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
        logger.error("prediction_unreadable", prediction_id=str(prediction_id), fields=fields)
        return PredictionUnreadableError(prediction_id)

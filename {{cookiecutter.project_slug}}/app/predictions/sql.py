"""Predictions in the database: a row each, with the whole record as JSON in `body`."""

import json
from collections.abc import Sequence
from uuid import UUID

import structlog
from pydantic import ValidationError

from app.predictions.schemas import StoredPrediction
from app.predictions.store import (
    Found,
    PredictionNotFoundError,
    PredictionUnreadableError,
    StoredT,
)
from app.storage.store import Store, gathers, reads, writes
from app.storage.thread import Storage

MIGRATIONS = (
    (
        """
        CREATE TABLE IF NOT EXISTS predictions (
            seq {serial},
            id TEXT NOT NULL UNIQUE,
            model TEXT NOT NULL,
            body TEXT NOT NULL
        )
        """,
        "CREATE INDEX IF NOT EXISTS predictions_of_a_model ON predictions (model, seq)",
    ),
)
# One statement for many rows, which come as JSON: each row is `value`.
INSERT = """
INSERT INTO predictions (id, model, body)
SELECT value ->> 'id', value ->> 'model', value ->> 'body' FROM {rows}
"""
SELECT_ONE = "SELECT seq, body FROM predictions WHERE id = :id AND model = :model"
DELETE = "DELETE FROM predictions WHERE id = :id AND model = :model RETURNING id"
SELECT_PAGE = """
SELECT id, body FROM predictions WHERE model = :model AND seq < :before
ORDER BY seq DESC LIMIT :limit
"""
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
        rows = [
            {"id": str(p.id), "model": p.model_name, "body": p.model_dump_json()}
            for p in predictions
        ]
        self.connection.execute(INSERT, rows=json.dumps(rows))
        return [None] * len(rows)

    @reads
    def get(self, kind: type[StoredT], prediction_id: UUID) -> StoredT:
        """Return the prediction with this id."""
        _, body = self._row(kind, prediction_id)
        found = read(kind, prediction_id, body)
        if isinstance(found, PredictionUnreadableError):
            raise found
        return found

    @writes
    def remove(self, kind: type[StoredPrediction], prediction_id: UUID) -> None:
        """Remove the prediction with this id."""
        if not self.connection.execute(DELETE, id=str(prediction_id), model=kind.model_name):
            raise PredictionNotFoundError

    @reads
    def page(self, kind: type[StoredT], limit: int, after: UUID | None) -> list[Found[StoredT]]:
        """Return up to `limit` predictions, newest first: those older than `after`, if given."""
        before = self._row(kind, after)[0] if after else BEYOND_THE_NEWEST
        where = {"model": kind.model_name, "before": before, "limit": limit}
        rows = self.connection.execute(SELECT_PAGE, **where)
        return [read(kind, UUID(prediction_id), body) for prediction_id, body in rows]

    def _row(self, kind: type[StoredPrediction], prediction_id: UUID) -> tuple[int, str]:
        where = {"id": str(prediction_id), "model": kind.model_name}
        for seq, body in self.connection.execute(SELECT_ONE, **where):
            return seq, body
        raise PredictionNotFoundError


def read(kind: type[StoredT], prediction_id: UUID, body: str) -> Found[StoredT]:
    """Return a prediction, or the error that it cannot be read."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        fields = sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]})
        logger.error("prediction_unreadable", prediction_id=str(prediction_id), fields=fields)
        return PredictionUnreadableError(prediction_id)

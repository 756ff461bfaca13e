"""Predictions in the database: a row each, with the whole record as JSON in `body`.

What is stored is never read by today's classes, which may have changed since then: it is given back
as it is. `layout` is the version of what the service itself puts into a body.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from pydantic_core import from_json

from app.predictions.schemas import StoredPrediction
from app.predictions.store import PredictionNotFoundError, Record, UnreadableError, as_text
from app.storage.connection import Row
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
    (
        "ALTER TABLE predictions ADD COLUMN layout INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE predictions ADD COLUMN outcome TEXT",
        "ALTER TABLE predictions ADD COLUMN created_at {real}",  # null, if by the version before
        "UPDATE predictions SET created_at = {now}",  # kept as long as if they were made now
    ),
)
# One statement for many rows, which come as JSON: each row is `value`.
INSERT = """
INSERT INTO predictions (id, model, body, created_at)
SELECT value ->> 'id', value ->> 'model', value ->> 'body', {now} FROM {rows}
"""
SELECT_SEQ = "SELECT seq FROM predictions WHERE id = :id AND model = :model"
SELECT_ONE = "SELECT id, body, outcome FROM predictions WHERE id = :id AND model = :model"
SET_OUTCOME = """
UPDATE predictions SET outcome = :outcome WHERE id = :id AND model = :model
RETURNING id, body, outcome
"""
DELETE = "DELETE FROM predictions WHERE id = :id AND model = :model RETURNING id"
SELECT_PAGE = """
SELECT id, body, outcome FROM predictions WHERE model = :model AND seq < :before
ORDER BY seq DESC LIMIT :limit
"""
# The oldest are the first, so that no index is needed; but no row in a future that a clock once
# made up may stand before the others.
EXPIRE = """
WITH oldest AS MATERIALIZED (
    SELECT seq FROM predictions WHERE created_at <= {now} ORDER BY seq LIMIT :limit),
old AS MATERIALIZED (
    SELECT seq FROM predictions
    WHERE seq IN (SELECT seq FROM oldest) AND created_at < {now} - :older_than {skip_locked})
DELETE FROM predictions WHERE seq IN (SELECT seq FROM old) RETURNING id
"""
BEYOND_THE_NEWEST = 2**63 - 1
EXPIRED_AT_ONCE = 500  # in one transaction: others wait for it

logger = structlog.get_logger()


class SqlPredictionStore(Store):
    """The predictions in the table `predictions`, which many processes may share."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        storage.migrate("predictions", MIGRATIONS)

    @gathers
    def add(self, predictions: Sequence[StoredPrediction]) -> list[UnreadableError | None]:
        """Keep predictions, in one statement; those that could not be read again are left out."""
        rows, outcomes = [], list[UnreadableError | None]()
        for p in predictions:
            try:
                rows.append({"id": str(p.id), "model": p.model_name, "body": as_text(p)})
                outcomes.append(None)
            except UnreadableError as error:
                outcomes.append(error)
        self.connection.execute(INSERT, rows=json.dumps(rows))
        return outcomes

    @reads
    def get(self, model: str, prediction_id: UUID) -> Record:
        """Return the prediction with this id."""
        return record(*self._one(SELECT_ONE, model, prediction_id))

    @writes
    def set_outcome(self, model: str, prediction_id: UUID, outcome: str) -> Record:
        """Keep what turned out to be true."""
        return record(*self._one(SET_OUTCOME, model, prediction_id, outcome=outcome))

    @writes
    def remove(self, model: str, prediction_id: UUID) -> None:
        """Remove the prediction with this id."""
        if not self.connection.execute(DELETE, id=str(prediction_id), model=model):
            raise PredictionNotFoundError

    @reads
    def page(self, model: str, limit: int, after: UUID | None) -> list[Record]:
        """Return up to `limit` predictions, newest first: those older than `after`, if given."""
        before = self._one(SELECT_SEQ, model, after)[0] if after else BEYOND_THE_NEWEST
        rows = self.connection.execute(SELECT_PAGE, model=model, before=before, limit=limit)
        return [record(*row) for row in rows]

    @writes
    def expire(self, older_than: float) -> int:
        """Remove some of what is older than this many seconds; return 0 if nothing is left."""
        values = {"older_than": older_than, "limit": EXPIRED_AT_ONCE}
        return len(self.connection.execute(EXPIRE, **values))

    def _one(self, statement: str, model: str, prediction_id: UUID, **values: str) -> Row:
        for row in self.connection.execute(statement, id=str(prediction_id), model=model, **values):
            return row
        raise PredictionNotFoundError


def record(prediction_id: str, body: str, outcome: str | None) -> Record:
    """Return a row as it was stored; of one that was damaged, the id alone."""
    content, known = read_object(body), read_object(outcome) if outcome else None
    if content is None or (outcome and known is None):
        logger.error("prediction_damaged", prediction_id=prediction_id)
    return Record((content or {}) | {"id": prediction_id, "outcome": known})


def read_object(text: str) -> dict[str, Any] | None:
    """Return an object that was stored as JSON; None if the text was damaged meanwhile."""
    try:
        return dict(from_json(text, allow_inf_nan=False))
    except (ValueError, TypeError):
        return None

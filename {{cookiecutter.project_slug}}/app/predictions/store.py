"""Where predictions are kept: what the service needs of a store, in a database or a test."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pydantic_core import from_json

from app.errors import NotFoundError
from app.predictions.schemas import StoredPrediction


class PredictionNotFoundError(NotFoundError):
    """No prediction has this id."""

    title = "Prediction Not Found"


class UnreadableError(ValueError):
    """What was to be stored could not be read again, or not as it was."""


@dataclass(frozen=True)
class Record:
    """A prediction as it was stored, whatever the model's answer looks like today."""

    content: dict[str, Any]  # with its `id`, and its `outcome` or None

    @property
    def id(self) -> UUID:
        """The prediction's id."""
        return UUID(self.content["id"])


def as_text(prediction: StoredPrediction) -> str:
    """Return a prediction as JSON that can be read again, or raise UnreadableError."""
    try:
        text = prediction.model_dump_json()
        from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise UnreadableError(str(error)) from error
    return text


class PredictionStore(Protocol):
    """Predictions in the order they were added. All methods may raise StorageUnavailableError.

    A `model` is the name of one: other models' predictions are not found.
    """

    def add(self, prediction: StoredPrediction, /) -> Awaitable[None]:
        """Keep a prediction, or raise UnreadableError; it then survives the process."""

    def get(self, model: str, prediction_id: UUID, /) -> Awaitable[Record]:
        """Return the prediction with this id, or raise PredictionNotFoundError."""

    def set_outcome(self, model: str, prediction_id: UUID, outcome: str, /) -> Awaitable[Record]:
        """Keep what turned out to be true, as JSON, and return it all; or raise the same error."""

    def remove(self, model: str, prediction_id: UUID, /) -> Awaitable[None]:
        """Remove the prediction with this id, or raise the same error."""

    def page(self, model: str, limit: int, after: UUID | None, /) -> Awaitable[list[Record]]:
        """Return up to `limit`, newest first, older than `after`; or raise the same error."""

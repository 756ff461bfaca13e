"""Where predictions are kept: what the service needs of a store, in a database or a test."""

from collections.abc import Awaitable
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID

from app.errors import AppError, NotFoundError
from app.predictions.schemas import StoredPrediction


class PredictionNotFoundError(NotFoundError):
    """No prediction has this id."""

    title = "Prediction Not Found"


class PredictionUnreadableError(AppError):
    """This prediction was stored in a form that this version of the service does not know."""

    title = "Prediction Unreadable"

    def __init__(self, prediction_id: UUID) -> None:
        super().__init__()
        self.id = prediction_id


StoredT = TypeVar("StoredT", bound=StoredPrediction)
Found: TypeAlias = StoredT | PredictionUnreadableError  # so that one bad row does not hide a page


class PredictionStore(Protocol):
    """Predictions in the order they were added. All methods may raise StorageUnavailableError.

    A `kind` is what the predictions of one model are stored as: other models' are not found.
    """

    def add(self, prediction: StoredPrediction, /) -> Awaitable[None]:
        """Keep a prediction; once this is awaited, it survives the process."""

    def get(self, kind: type[StoredT], prediction_id: UUID, /) -> Awaitable[StoredT]:
        """Return the prediction with this id, or raise one of the two errors above."""

    def remove(self, kind: type[StoredPrediction], prediction_id: UUID, /) -> Awaitable[None]:
        """Remove the prediction with this id, or raise PredictionNotFoundError."""

    def page(
        self, kind: type[StoredT], limit: int, after: UUID | None, /
    ) -> Awaitable[list[Found[StoredT]]]:
        """Return up to `limit`, newest first, older than `after`; or PredictionNotFoundError."""

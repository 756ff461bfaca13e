"""How a prediction is made and kept. Knows nothing of HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.errors import AppError
from app.kit.ids import new_id
from app.kit.pagination import split_page
from app.models import Features
from app.predictions.schemas import Prediction, PredictionPage, RangeWarning, StoredPrediction
from app.predictions.store import PredictionStore
from app.serving.answers import classify
from app.serving.artefact import FeatureRange, ModelCard
from app.serving.batching import BatchingModel, ClientLeft

LARGEST = 3.4028234e38  # of a float32


class InfiniteValueError(AppError):
    """A value of the features is infinite, or would be as a float32, which is what models take."""

    status = 422
    title = "Infinite Value"


async def predict(model: BatchingModel, features: Features, client_left: ClientLeft) -> Prediction:
    """Ask the model, in one batch with the requests that ask it at the same time."""
    row = features.row()
    warnings = outside_training(model.card, row)  # first: what it refuses would be a bad answer
    label, probabilities = classify(model.card.labels, await model.ask(row, client_left))
    return Prediction(
        label=label,
        probabilities=probabilities,
        model_version=model.card.version,
        warnings=warnings,
    )


def outside_training(card: ModelCard, row: Sequence[object]) -> list[RangeWarning]:
    """Return the values below or above anything that the model was trained on.

    Raise InfiniteValueError at one that no model can use, and no JSON could name in the answer.
    """
    return [
        RangeWarning(**seen.model_dump(), value=finite(seen.name, value))
        for seen, value in zip(card.features, row, strict=True)
        if is_outside(seen, value)
    ]


def is_outside(seen: FeatureRange, value: Any) -> bool:  # noqa: ANN401
    """Return whether a number is outside the range; NaN, a missing value, is not."""
    try:
        return bool(value < seen.minimum or value > seen.maximum)
    except TypeError:  # a text or None: a model of your own may take them
        return False


def finite(name: str, value: Any) -> Any:  # noqa: ANN401
    """Return the value, or raise InfiniteValueError; 1e999 is JSON, and infinite in Python."""
    if abs(value) > LARGEST:
        raise InfiniteValueError(f"{name} is infinite, or too large to be calculated with.")
    return value


async def predict_and_store(
    model: BatchingModel, store: PredictionStore, features: Features, client_left: ClientLeft
) -> StoredPrediction:
    """Predict, and store the prediction before returning it."""
    prediction = await predict(model, features, client_left)
    stored = StoredPrediction(
        id=new_id(),
        created_at=datetime.now(UTC),
        features=features.model_dump(mode="json"),
        **dict(prediction),
    )
    await store.add(stored)
    return stored


async def read_page(store: PredictionStore, limit: int, cursor: UUID | None) -> PredictionPage:
    """Return a page of stored predictions; read one more, to know whether another page follows."""
    found, next_cursor = split_page(await store.page(limit + 1, cursor), limit)
    items = [item for item in found if isinstance(item, StoredPrediction)]
    return PredictionPage(items=items, next_cursor=next_cursor)

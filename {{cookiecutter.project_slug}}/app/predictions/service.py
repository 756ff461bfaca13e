"""How a prediction is made and kept. Knows nothing of HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from app.kit.ids import new_id
from app.kit.pagination import split_page
from app.models import Features
from app.predictions.schemas import Prediction, PredictionPage, RangeWarning, StoredPrediction
from app.predictions.store import PredictionStore
from app.serving.answers import classify
from app.serving.artefact import ModelCard
from app.serving.batching import BatchingModel, ClientLeft


async def predict(model: BatchingModel, features: Features, client_left: ClientLeft) -> Prediction:
    """Ask the model, in one batch with the requests that ask it at the same time."""
    row = features.row()
    label, probabilities = classify(model.card.labels, await model.ask(row, client_left))
    return Prediction(
        label=label,
        probabilities=probabilities,
        model_version=model.card.version,
        warnings=outside_training(model.card, row),
    )


def outside_training(card: ModelCard, row: Sequence[float]) -> list[RangeWarning]:
    """Return the values below or above anything that the model was trained on."""
    return [
        RangeWarning(**seen.model_dump(), value=value)
        for seen, value in zip(card.features, row, strict=True)
        if value < seen.minimum or value > seen.maximum  # NaN, a missing value, is neither
    ]


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

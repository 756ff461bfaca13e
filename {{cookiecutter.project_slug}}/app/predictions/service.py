"""How a prediction is made and kept. Knows nothing of HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from app.models import Features
from app.predictions.schemas import Prediction, PredictionPage, RangeWarning, StoredPrediction
from app.predictions.store import PredictionStore
from app.serving.artefact import ModelCard
from app.serving.batching import BatchingModel, ClientLeft


async def predict(model: BatchingModel, features: Features, client_left: ClientLeft) -> Prediction:
    """Ask the model, together with everyone who asks it just now."""
    row = features.row()
    probabilities = await model.ask(row, client_left)
    labels = model.card.labels
    return Prediction(
        label=labels[int(probabilities.argmax())],
        probabilities=dict(zip(labels, probabilities.tolist(), strict=True)),
        model_version=model.card.version,
        warnings=outside_training(model.card, row),
    )


def outside_training(card: ModelCard, row: Sequence[float]) -> list[RangeWarning]:
    """The values below or above anything that the model was trained on."""
    return [
        RangeWarning(**seen.model_dump(), value=value)
        for seen, value in zip(card.features, row, strict=True)
        if not seen.minimum <= value <= seen.maximum
    ]


async def predict_and_store(
    model: BatchingModel,
    store: PredictionStore,
    features: Features,
    client_left: ClientLeft,
) -> StoredPrediction:
    """Predict, and keep the prediction before it is answered."""
    prediction = await predict(model, features, client_left)
    stored = StoredPrediction(
        id=uuid4(), created_at=datetime.now(UTC), features=features, **dict(prediction)
    )
    await store.add(stored)
    return stored


async def read_page(store: PredictionStore, limit: int, cursor: UUID | None) -> PredictionPage:
    """A page of stored predictions; one more is read, to know whether there is a next page."""
    items = await store.page(limit + 1, cursor)
    more = len(items) > limit
    return PredictionPage(items=items[:limit], next_cursor=items[limit - 1].id if more else None)

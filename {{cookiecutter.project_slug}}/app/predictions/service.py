"""How a prediction is made and kept. Knows nothing of HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from app.errors import AppError
from app.kit.ids import new_id
from app.kit.pagination import split_page
from app.predictions.schemas import Prediction, StoredPrediction, schemas_of
from app.predictions.store import PredictionStore, Record, UnreadableError
from app.serving.answers import bad_answer
from app.serving.batching import BatchingModel, ClientLeft
from app.serving.errors import BadAnswerError
from app.serving.protocol import FeaturesT
from app.serving.unseen import unseen


class UnreadableFeaturesError(AppError):
    """These features cannot be stored: a number or a text in them is none that JSON has."""

    status = 422
    title = "Unreadable Features"


async def predict(
    model: BatchingModel[FeaturesT, Any], features: FeaturesT, client_left: ClientLeft
) -> Prediction:
    """Ask the model, in one batch with the requests that ask it at the same time."""
    asked = model.card
    warnings = list(unseen(asked, features))  # first: what it refuses would be a bad answer
    answer, card = await model.ask(features, client_left)
    if card is not asked:  # another version took its place meanwhile
        warnings = list(unseen(card, features))
    try:
        return schemas_of(model.served).prediction(
            **vars(answer), model_version=card.version, warnings=warnings
        )
    except ValidationError as error:
        raise bad_answer(error) from error


async def predict_and_store(
    model: BatchingModel[FeaturesT, Any],
    store: PredictionStore,
    features: FeaturesT,
    client_left: ClientLeft,
) -> StoredPrediction:
    """Predict, and store the prediction before returning it."""
    prediction = await predict(model, features, client_left)
    stored = schemas_of(model.served).stored(
        id=new_id(),
        created_at=datetime.now(UTC),
        features=features.model_dump(mode="json"),
        **vars(prediction),
    )
    try:
        await store.add(stored)
    except UnreadableError as error:
        raise bad_record(stored.features, error) from error
    return stored


def bad_record(features: dict[str, Any], error: ValueError) -> AppError:
    """Return the error that says whose fault it is: the client's, or the model's."""
    try:
        alone = to_json({"features": features}, inf_nan_mode="constants")
        from_json(alone, allow_inf_nan=False)
    except ValueError:
        return UnreadableFeaturesError()
    return BadAnswerError(f"something that cannot be stored ({error})")


async def read_page(
    store: PredictionStore, model: str, limit: int, cursor: UUID | None
) -> tuple[list[Record], UUID | None]:
    """Return a page of stored predictions; read one more, to know whether another page follows."""
    return split_page(await store.page(model, limit + 1, cursor), limit)

"""How an outcome is checked and kept. Knows nothing of HTTP."""

from typing import Any
from uuid import UUID

from app.predictions.outcomes.schemas import ObservedOutcome, check_label
from app.predictions.store import PredictionStore, Record
from app.serving.batching import BatchingModel


async def keep_outcome(
    store: PredictionStore,
    model: BatchingModel[Any, Any],
    prediction_id: UUID,
    outcome: ObservedOutcome,
) -> Record:
    """Keep what turned out to be true, or raise BadOutcomeError.

    A label must be known to the version that answered, or to today's.
    """
    name = model.served.name
    answered = (await store.get(name, prediction_id)).content.get("probabilities")
    known = answered if isinstance(answered, dict) else {}  # of whatever answer was stored then
    check_label(model.served.answer, outcome, {*known, *model.card.labels})
    return await store.set_outcome(name, prediction_id, outcome.model_dump_json(exclude_unset=True))

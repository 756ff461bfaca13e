"""The route that takes what turned out to be true; each model has its own."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.kit.mount import Router
from app.kit.problems import problems
from app.predictions.outcomes import service
from app.predictions.router import ONE, PredictionStoreDep, as_stored
from app.predictions.schemas import OlderPrediction, schemas_of
from app.security import ApiKeyRequired
from app.serving.batching import BatchingModel
from app.serving.served import Served
from app.state import model_getter


def build_router(served: Served[Any, Any], prefix: str, suffix: str = "") -> APIRouter:
    """Return the route of a model; its name, which generated clients use, ends in `suffix`."""
    router = Router(
        prefix=prefix,
        tags=["predictions"],
        dependencies=[ApiKeyRequired],
        responses=problems(400, 401, 404, 413, 422, 503),
    )
    schemas = schemas_of(served)
    get_model, either = model_getter(served.name), schemas.stored | OlderPrediction

    @router.put(f"{ONE}/outcome", response_model=either, name=f"keep_prediction_outcome{suffix}")
    async def keep_prediction_outcome(
        prediction_id: UUID,
        outcome: schemas.outcome,  # type: ignore[name-defined]
        model: Annotated[BatchingModel[Any, Any], Depends(get_model)],
        store: PredictionStoreDep,
    ) -> Response:
        """Keep what turned out to be true; it replaces an earlier outcome."""
        kept = await service.keep_outcome(store, model, prediction_id, outcome)
        return as_stored(kept.content)

    return router

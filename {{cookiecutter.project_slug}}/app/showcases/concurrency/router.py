"""`/v1/concurrency`: what one request costs the others."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends

from app.kit.problems import problems
from app.models.iris.features import Features
from app.security import ApiKeyRequired
from app.serving.answers import Classification
from app.serving.batching import BatchingModel
from app.state import ModelsDep


async def get_model(models: ModelsDep) -> BatchingModel[Features, Classification]:
    """Return the first model."""
    return models.first


ModelDep = Annotated[BatchingModel[Features, Classification], Depends(get_model)]

router = APIRouter(
    prefix="/v1/concurrency",
    tags=["concurrency"],
    dependencies=[ApiKeyRequired],
    responses=problems(400, 401, 413, 422, 503),
)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    answers = await to_thread.run_sync(model.predict, [features])
    return answers[0].probabilities

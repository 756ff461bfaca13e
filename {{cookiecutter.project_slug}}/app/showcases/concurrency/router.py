"""`/v1/concurrency`: what one request costs the others."""

import numpy as np
from anyio import to_thread
from fastapi import APIRouter

from app.kit.problems import problems
from app.models import Features
from app.security import ApiKeyRequired
from app.state import ModelDep

router = APIRouter(
    prefix="/v1/concurrency",
    tags=["concurrency"],
    dependencies=[ApiKeyRequired],
    responses=problems(400, 401, 413, 422, 503),
)


@router.post("/ask")
async def ask_model(features: Features, model: ModelDep) -> dict[str, float]:
    """Return each label's probability; while the model works, other requests are answered."""
    rows = np.array([features.row()], dtype=np.float32)
    probabilities = await to_thread.run_sync(model.predict, rows)
    return dict(zip(model.card.labels, probabilities[0].tolist(), strict=True))

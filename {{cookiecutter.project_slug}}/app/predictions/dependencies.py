"""How a route gets the predictions' repository."""

from typing import Annotated

from fastapi import Depends, Request

from app.predictions.repository import PredictionRepository
from app.state import app_state


async def get_predictions(request: Request) -> PredictionRepository:
    """The repository that the lifespan opened."""
    return app_state(request)["predictions"]


PredictionRepositoryDep = Annotated[PredictionRepository, Depends(get_predictions)]

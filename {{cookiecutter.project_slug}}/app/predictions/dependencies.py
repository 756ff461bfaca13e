"""How a route gets the predictions' store."""

from typing import Annotated

from fastapi import Depends, Request

from app.predictions.store import PredictionStore
from app.state import app_state


async def get_predictions(request: Request) -> PredictionStore:
    """The store that the lifespan opened."""
    return app_state(request)["predictions"]


PredictionStoreDep = Annotated[PredictionStore, Depends(get_predictions)]

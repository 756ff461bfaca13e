"""What the prediction routes need of the app's state."""

from typing import Annotated

from fastapi import Depends, Request

from app.predictions.store import PredictionStore
from app.state import app_state


async def get_predictions(request: Request) -> PredictionStore:
    """Return the store that the lifespan opened."""
    return app_state(request)["predictions"]


PredictionStoreDep = Annotated[PredictionStore, Depends(get_predictions)]

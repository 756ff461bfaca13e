"""How a route gets the model."""

from typing import Annotated, cast

from fastapi import Depends, Request

from app.lifespan import app_state
from app.model.batching import BatchingModel
from app.model.loader import Model


async def get_model(request: Request) -> Model:
    """The model that the lifespan loaded."""
    return app_state(request)["model"]


async def get_batching_model(request: Request) -> BatchingModel:
    """The same, for those who ask it one row at a time: `open_model` put the queue there."""
    return cast("BatchingModel", app_state(request)["model"])


ModelDep = Annotated[Model, Depends(get_model)]
BatchingModelDep = Annotated[BatchingModel, Depends(get_batching_model)]

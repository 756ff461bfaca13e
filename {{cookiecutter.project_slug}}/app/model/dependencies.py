"""How a route gets the model."""

from typing import Annotated

from fastapi import Depends, Request

from app.lifespan import app_state
from app.model.loader import Model


async def get_model(request: Request) -> Model:
    """The model that the lifespan loaded."""
    return app_state(request)["model"]


ModelDep = Annotated[Model, Depends(get_model)]

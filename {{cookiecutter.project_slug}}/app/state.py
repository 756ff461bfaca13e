"""What every request can use: created by the lifespan, once in each worker process."""

from typing import TYPE_CHECKING, Annotated, TypedDict, cast

from fastapi import Depends
from fastapi.requests import HTTPConnection

from app.serving.batching import BatchingModel

if TYPE_CHECKING:
    from app.predictions.store import PredictionStore
    from app.settings import Settings
    from app.storage.thread import Storage
    from app.tasks.service import TaskService


class AppState(TypedDict):
    """The state, by name. Features import this, so it imports theirs for type checking alone."""

    settings: "Settings"
    model: BatchingModel
    storage: "Storage"
    predictions: "PredictionStore"
    tasks: "TaskService"


def app_state(request: HTTPConnection) -> AppState:
    """Return the state, with its types; for dependencies."""
    return cast("AppState", request.scope["state"])


async def get_model(request: HTTPConnection) -> BatchingModel:
    """Return the model that the lifespan opened."""
    return app_state(request)["model"]


ModelDep = Annotated[BatchingModel, Depends(get_model)]

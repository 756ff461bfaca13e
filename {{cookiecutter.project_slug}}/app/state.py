"""What every request can use: created by the lifespan, once in each worker process."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, cast

from fastapi import Depends
from fastapi.requests import HTTPConnection

from app.serving.batching import BatchingModel
from app.serving.models import Models

if TYPE_CHECKING:
    from app.predictions.store import PredictionStore
    from app.settings import Settings
    from app.storage.thread import Storage
    from app.tasks.service import TaskService


class AppState(TypedDict):
    """The state, by name. Features import this, so it imports theirs for type checking alone."""

    settings: "Settings"
    models: Models
    storage: "Storage"
    predictions: "PredictionStore"
    tasks: "TaskService"


def app_state(request: HTTPConnection) -> AppState:
    """Return the state, with its types; for dependencies."""
    return cast("AppState", request.scope["state"])


async def get_models(request: HTTPConnection) -> Models:
    """Return the models that the lifespan opened."""
    return app_state(request)["models"]


ModelsDep = Annotated[Models, Depends(get_models)]


def model_getter(name: str) -> Callable[[HTTPConnection], Awaitable[BatchingModel[Any, Any]]]:
    """Return the dependency that gives a route the model of this name."""

    async def get_model(request: HTTPConnection) -> BatchingModel[Any, Any]:
        return app_state(request)["models"].get(name)

    return get_model

"""What is opened before the first request and closed after the last, as a typed state."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

from anyio import to_thread

from app.predictions.sql import SqlPredictionStore
from app.serving.models import Models
from app.settings import Settings
from app.state import AppState
from app.storage.thread import Storage
from app.tasks.kinds.registry import Kinds
from app.tasks.opening import open_tasks

OpenModels = Callable[[Settings], Models]
OpenStorage = Callable[[Settings], Storage]


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    # in a thread, like every prediction: what a thread needs is loaded before the first request
    with (
        closing(await to_thread.run_sync(open_models, settings)) as models,
        closing(await to_thread.run_sync(open_storage, settings)) as storage,
    ):
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, models, kinds) as tasks:
            yield AppState(
                settings=settings,
                models=models,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

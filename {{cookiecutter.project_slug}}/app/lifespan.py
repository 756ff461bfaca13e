"""What is opened before the first request and closed after the last, as a typed state."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing

from anyio import to_thread

from app.predictions.sql import SqlPredictionStore
from app.serving.batching import BatchingModel
from app.settings import Settings
from app.state import AppState
from app.storage.thread import Storage
from app.tasks.kinds.registry import Kinds
from app.tasks.opening import open_tasks

OpenModel = Callable[[Settings], BatchingModel]
OpenStorage = Callable[[Settings], Storage]


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_model: OpenModel, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the model and the storage, or raise StartError; close them in reverse order."""
    # in a thread, like every prediction: what a thread needs is loaded before the first request
    with (
        closing(await to_thread.run_sync(open_model, settings)) as model,
        closing(await to_thread.run_sync(open_storage, settings)) as storage,
    ):
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, model, kinds) as tasks:
            yield AppState(
                settings=settings,
                model=model,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

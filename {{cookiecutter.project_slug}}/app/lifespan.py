"""What is opened before the first request and closed after the last, as a typed state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import TypedDict, cast

import aiosqlite
from anyio import to_thread
from fastapi.requests import HTTPConnection

from app.database import open_database
from app.model.loader import Model, open_model
from app.predictions.repository import PredictionRepository
from app.predictions.repository.sqlite import SqlitePredictionRepository
from app.settings import Settings
from app.tasks.lifespan import open_tasks
from app.tasks.service import TaskService


class AppState(TypedDict):
    """What every request finds: made once in each worker process."""

    settings: Settings
    model: Model
    database: aiosqlite.Connection
    predictions: PredictionRepository
    tasks: TaskService


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    # in a thread, as every prediction is: what that needs is loaded before the first request
    with closing(await to_thread.run_sync(open_model, settings)) as model:
        async with (
            open_database(settings.database_path) as database,
            open_tasks(settings, model) as tasks,
        ):
            yield AppState(
                settings=settings,
                model=model,
                database=database,
                predictions=SqlitePredictionRepository(database),
                tasks=tasks,
            )


def app_state(request: HTTPConnection) -> AppState:
    """The state, with its types, as a dependency reads it."""
    return cast("AppState", request.scope["state"])

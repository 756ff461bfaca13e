"""What is opened before the first request and closed after the last, as a typed state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from anyio import to_thread

from app.models import open_model
from app.predictions.repository.sqlite import SqlitePredictionRepository
from app.settings import Settings
from app.state import AppState
from app.storage.database import open_database
from app.tasks.opening import open_tasks


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

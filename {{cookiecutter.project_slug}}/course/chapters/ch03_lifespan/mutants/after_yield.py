"""Loads the model after the last request. Rejected by: one-load."""

from typing import cast


class Absent:
    """A model that is not there yet."""

    def __getattr__(self, name: str) -> object:
        """Fail."""
        raise RuntimeError("no model yet")


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    model = cast("BatchingModel", Absent())
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
    with closing(await to_thread.run_sync(open_model, settings)):
        pass

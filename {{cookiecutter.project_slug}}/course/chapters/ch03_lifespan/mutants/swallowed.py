"""Serves without a model if it cannot be loaded. Rejected by: no-model-no-start."""

from typing import cast

from app.kit.start import StartError


class Absent:
    """A model that is not there."""

    def __getattr__(self, name: str) -> object:
        """Fail."""
        raise RuntimeError("no model")

    def close(self) -> None:
        """Do nothing."""


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    try:
        loaded = await to_thread.run_sync(open_model, settings)
    except StartError:
        loaded = cast("BatchingModel", Absent())
    with closing(loaded) as model:
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

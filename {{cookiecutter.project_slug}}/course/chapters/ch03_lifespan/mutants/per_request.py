"""Loads the model again for every prediction. Rejected by: none-per-request."""

from typing import cast


class Fresh:
    """A model that is loaded again for each prediction."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loaded = open_model(settings)

    def __getattr__(self, name: str) -> object:
        """Load the model for a prediction; use the first one for anything else."""
        return getattr(open_model(self.settings) if name == "ask" else self.loaded, name)


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    with closing(cast("BatchingModel", Fresh(settings))) as model:
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

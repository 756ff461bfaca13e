"""Loads the model on the first request, which has to wait for it. Rejected by: one-load."""

from typing import cast


class Lazy:
    """A model that is loaded when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __getattr__(self, name: str) -> object:
        """Load the model, and keep it."""
        if "model" not in vars(self):
            self.model = open_model(self.settings)
        return getattr(self.model, name)


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    with closing(cast("BatchingModel", Lazy(settings))) as model:
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

"""Loads the model when the first request comes, which waits for it. Rejected by: one-load."""

from typing import cast


class Lazy:
    """Loads the model when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __getattr__(self, name: str) -> object:
        """Load, and keep what was loaded."""
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

from typing import cast

from app.serving.batching import BatchingModel


class LoadedEachTime:
    """A model that is loaded again every time it is used: it works, but wastes time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __getattr__(self, name: str) -> object:
        """Load the model, and return its attribute of this name."""
        return getattr(open_model(self.settings), name)


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    # 1. Load the model: open_model(settings) returns it, or raises StartError. It takes long and
    #    does not await, so leave it to a thread.
    # 2. The tasks use the model: open it before them, and close it after them.
    # 3. Whatever happens in between, call its close() at the end, once.
    model = cast(
        "BatchingModel", LoadedEachTime(settings)
    )  # then remove this line, and the class above
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

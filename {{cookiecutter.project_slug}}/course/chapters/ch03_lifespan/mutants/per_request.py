"""Loads the model again for every prediction. Rejected by: none-per-request."""

from typing import cast


class Fresh:
    """A model that is loaded again for each prediction."""

    def __init__(self, settings: Settings, open_model: OpenModel) -> None:
        self.settings, self.open_model = settings, open_model
        self.loaded = open_model(settings)

    def __getattr__(self, name: str) -> object:
        """Load the model for a prediction; use the first one for anything else."""
        return getattr(self.open_model(self.settings) if name == "ask" else self.loaded, name)


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_model: OpenModel, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the model and the storage, or raise StartError; close them in reverse order."""
    with (
        closing(cast("BatchingModel", Fresh(settings, open_model))) as model,
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

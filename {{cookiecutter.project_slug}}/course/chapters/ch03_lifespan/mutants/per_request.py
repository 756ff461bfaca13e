"""Loads the model again for every prediction. Rejected by: none-per-request."""

from typing import cast


class Fresh:
    """A model that is loaded again for each prediction."""

    def __init__(self, settings: Settings, open_models: OpenModels) -> None:
        self.settings, self.open_models = settings, open_models
        self.loaded = open_models(settings)

    def __getattr__(self, name: str) -> object:
        """Load the model for a prediction; use the first one for anything else."""
        return getattr(self.open_models(self.settings) if name == "get" else self.loaded, name)


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    with (
        closing(cast("Models", Fresh(settings, open_models))) as models,
        closing(await to_thread.run_sync(open_storage, settings)) as storage,
    ):
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, models, kinds) as tasks:
            yield AppState(
                settings=settings,
                models=models,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

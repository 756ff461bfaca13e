"""Loads the model on the first request, which has to wait for it. Rejected by: one-load."""

from typing import cast


class Lazy:
    """A model that is loaded when it is first needed."""

    def __init__(self, settings: Settings, open_models: OpenModels) -> None:
        self.settings, self.open_models = settings, open_models

    def __getattr__(self, name: str) -> object:
        """Load the model, and keep it."""
        if "model" not in vars(self):
            self.model = self.open_models(self.settings)
        return getattr(self.model, name)


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    with (
        closing(cast("Models", Lazy(settings, open_models))) as models,
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

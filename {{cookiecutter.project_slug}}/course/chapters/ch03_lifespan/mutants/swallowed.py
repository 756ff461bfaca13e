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
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    try:
        loaded = await to_thread.run_sync(open_models, settings)
    except StartError:
        loaded = cast("Models", Absent())
    with (
        closing(loaded) as models,
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

"""Loads the model after the last request. Rejected by: one-load."""

from typing import cast


class Absent:
    """A model that is not there yet."""

    def __getattr__(self, name: str) -> object:
        """Fail."""
        raise RuntimeError("no model yet")


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_model: OpenModel, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the model and the storage, or raise StartError; close them in reverse order."""
    model = cast("BatchingModel", Absent())
    with closing(await to_thread.run_sync(open_storage, settings)) as storage:
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, model, kinds) as tasks:
            yield AppState(
                settings=settings,
                model=model,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )
    with closing(await to_thread.run_sync(open_model, settings)):
        pass

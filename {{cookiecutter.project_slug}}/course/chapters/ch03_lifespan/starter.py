from typing import cast


class LoadedEachTime:
    """A model that is loaded again every time it is used: it works, but wastes time."""

    def __init__(self, settings: Settings, open_models: OpenModels) -> None:
        self.settings, self.open_models = settings, open_models

    def __getattr__(self, name: str) -> object:
        """Load the model, and return its attribute of this name."""
        return getattr(self.open_models(self.settings), name)


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    # 1. Load the model: open_models(settings) returns it, or raises StartError. It takes long and
    #    does not await, so leave it to a thread.
    # 2. The tasks use the model: open it before them, and close it after them.
    # 3. Whatever happens in between, call its close() at the end, once.
    models = cast(
        "Models", LoadedEachTime(settings, open_models)
    )  # then remove these lines, and the class above
    with closing(await to_thread.run_sync(open_storage, settings)) as storage:
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, models, kinds) as tasks:
            yield AppState(
                settings=settings,
                models=models,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

"""Loads without a thread: there is nobody to hold up yet."""


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    with closing(open_models(settings)) as models, closing(open_storage(settings)) as storage:
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, models, kinds) as tasks:
            yield AppState(
                settings=settings,
                models=models,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

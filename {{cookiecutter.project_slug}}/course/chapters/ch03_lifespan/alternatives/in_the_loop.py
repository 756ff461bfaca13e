"""Loads without a thread: there is nobody to hold up yet."""


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_model: OpenModel, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the model and the storage, or raise StartError; close them in reverse order."""
    with closing(open_model(settings)) as model, closing(open_storage(settings)) as storage:
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, model, kinds) as tasks:
            yield AppState(
                settings=settings,
                model=model,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

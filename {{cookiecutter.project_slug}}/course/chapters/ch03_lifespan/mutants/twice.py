"""Loads one model for the routes and another for the tasks. Rejected by: one-load."""


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    with (
        closing(await to_thread.run_sync(open_models, settings)) as models,
        closing(open_models(settings)) as other,
        closing(await to_thread.run_sync(open_storage, settings)) as storage,
    ):
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, other, kinds) as tasks:
            yield AppState(
                settings=settings,
                models=models,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

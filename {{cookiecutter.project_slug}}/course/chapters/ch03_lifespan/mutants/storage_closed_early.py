"""Keeps predictions in a storage that it has closed before. Rejected by: works."""


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    with closing(await to_thread.run_sync(open_models, settings)) as models:
        with closing(await to_thread.run_sync(open_storage, settings)) as storage:
            predictions = SqlPredictionStore(storage)
        with closing(await to_thread.run_sync(open_storage, settings)) as storage:
            async with open_tasks(settings, storage, models, kinds) as tasks:
                yield AppState(
                    settings=settings,
                    models=models,
                    storage=storage,
                    predictions=predictions,
                    tasks=tasks,
                )

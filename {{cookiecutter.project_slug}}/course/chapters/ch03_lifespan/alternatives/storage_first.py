"""Opens the model after the storage: the tasks need both, and neither needs the other."""


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    with (
        closing(await to_thread.run_sync(open_storage, settings)) as storage,
        closing(await to_thread.run_sync(open_models, settings)) as models,
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

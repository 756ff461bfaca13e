"""Opens the model after the storage: the tasks need both, and neither needs the other."""


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_model: OpenModel, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the model and the storage, or raise StartError; close them in reverse order."""
    with (
        closing(await to_thread.run_sync(open_storage, settings)) as storage,
        closing(await to_thread.run_sync(open_model, settings)) as model,
    ):
        predictions = SqlPredictionStore(storage)
        async with open_tasks(settings, storage, model, kinds) as tasks:
            yield AppState(
                settings=settings,
                model=model,
                storage=storage,
                predictions=predictions,
                tasks=tasks,
            )

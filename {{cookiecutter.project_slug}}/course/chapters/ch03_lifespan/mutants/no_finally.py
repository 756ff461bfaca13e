"""Closes the model only if nothing went wrong. Rejected by: closed-on-failure."""


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_model: OpenModel, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the model and the storage, or raise StartError; close them in reverse order."""
    model = await to_thread.run_sync(open_model, settings)
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
    model.close()

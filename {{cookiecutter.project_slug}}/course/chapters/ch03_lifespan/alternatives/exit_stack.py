"""Uses an exit stack, which closes everything."""

from contextlib import AsyncExitStack


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_models: OpenModels, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the models and the storage, or raise StartError; close them in reverse order."""
    async with AsyncExitStack() as stack:
        models = stack.enter_context(closing(await to_thread.run_sync(open_models, settings)))
        storage = stack.enter_context(closing(await to_thread.run_sync(open_storage, settings)))
        tasks = await stack.enter_async_context(open_tasks(settings, storage, models, kinds))
        yield AppState(
            settings=settings,
            models=models,
            storage=storage,
            predictions=SqlPredictionStore(storage),
            tasks=tasks,
        )

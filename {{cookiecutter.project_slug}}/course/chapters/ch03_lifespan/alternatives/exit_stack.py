"""Uses an exit stack, which closes everything."""

from contextlib import AsyncExitStack


@asynccontextmanager
async def lifespan(
    settings: Settings, kinds: Kinds, open_model: OpenModel, open_storage: OpenStorage
) -> AsyncIterator[AppState]:
    """Open the model and the storage, or raise StartError; close them in reverse order."""
    async with AsyncExitStack() as stack:
        model = stack.enter_context(closing(await to_thread.run_sync(open_model, settings)))
        storage = stack.enter_context(closing(await to_thread.run_sync(open_storage, settings)))
        tasks = await stack.enter_async_context(open_tasks(settings, storage, model, kinds))
        yield AppState(
            settings=settings,
            model=model,
            storage=storage,
            predictions=SqlPredictionStore(storage),
            tasks=tasks,
        )

"""Uses an exit stack, which closes everything."""

from contextlib import AsyncExitStack


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    async with AsyncExitStack() as stack:
        model = stack.enter_context(closing(await to_thread.run_sync(open_model, settings)))
        database = await stack.enter_async_context(open_database(settings.database_path))
        tasks = await stack.enter_async_context(open_tasks(settings, model))
        yield AppState(
            settings=settings,
            model=model,
            database=database,
            predictions=SqlitePredictionRepository(database),
            tasks=tasks,
        )

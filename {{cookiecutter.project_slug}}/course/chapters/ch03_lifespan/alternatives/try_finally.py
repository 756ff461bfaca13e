"""Uses try and finally."""


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    model = await to_thread.run_sync(open_model, settings)
    try:
        async with (
            open_database(settings.database_path) as database,
            open_tasks(settings, model) as tasks,
        ):
            yield AppState(
                settings=settings,
                model=model,
                database=database,
                predictions=SqlitePredictionRepository(database),
                tasks=tasks,
            )
    finally:
        model.close()

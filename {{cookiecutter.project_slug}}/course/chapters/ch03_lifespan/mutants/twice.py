"""Loads one model for the routes and another for the tasks. Rejected by: one-load."""


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    with (
        closing(await to_thread.run_sync(open_model, settings)) as model,
        closing(open_model(settings)) as other,
    ):
        async with (
            open_database(settings.database_path) as database,
            open_tasks(settings, other) as tasks,
        ):
            yield AppState(
                settings=settings,
                model=model,
                database=database,
                predictions=SqlitePredictionRepository(database),
                tasks=tasks,
            )

"""Loads without a thread: there is nobody to hold up yet."""


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[AppState]:
    """Load the model, open the database; give both back in reverse order. Or raise StartError."""
    with closing(open_model(settings)) as model:
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

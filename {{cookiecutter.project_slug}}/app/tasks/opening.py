"""What the tasks open at the start and close at the stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from anyio import to_thread

from app.serving.protocol import Model
from app.tasks.commits import GroupCommit
from app.tasks.engine.background import BackgroundEngine
from app.tasks.engine.base import Engine, on_stop_signal

# {%- if cookiecutter.__celery == "yes" +%}
from app.tasks.engine.celery.settings import CelerySettings

# {%- endif +%}
from app.tasks.engine.runner import Runner
from app.tasks.repository import TaskRepository
from app.tasks.repository.sqlite import open_sqlite
from app.tasks.service import TaskService
from app.tasks.settings import TaskSettings


def open_repository(settings: TaskSettings) -> TaskRepository:
    """The repository that the settings name, its schema brought forward; or StartError."""
    # {% if cookiecutter.__celery == "yes" %}
    if isinstance(settings, CelerySettings) and settings.task_database_url:
        from app.tasks.repository.postgres import open_postgres

        return open_postgres(settings.task_database_url.get_secret_value())
    # {% endif %}
    return open_sqlite(settings.task_database_path, settings.task_synchronous)


@asynccontextmanager
async def open_tasks(settings: TaskSettings, model: Model) -> AsyncIterator[TaskService]:
    """Open the repository and start the engine; stop the one, then close the other."""
    commits = GroupCommit(await to_thread.run_sync(open_repository, settings))
    with closing(commits):
        async with open_engine(settings, model, commits) as engine:
            with on_stop_signal(engine.begin_stop):
                yield TaskService(commits, engine)


@asynccontextmanager
async def open_engine(
    settings: TaskSettings, model: Model, commits: GroupCommit
) -> AsyncIterator[Engine]:
    """Start the engine that the settings name."""
    # {% if cookiecutter.__celery == "yes" %}
    if isinstance(settings, CelerySettings) and settings.task_engine == "celery":
        from app.tasks.engine.celery.engine import CeleryEngine  # slow to import

        async with CeleryEngine(commits, settings) as engine:
            yield engine
        return
    # {% endif %}
    with closing(Runner(commits, model, settings)) as runner:
        async with BackgroundEngine(runner, settings) as engine:
            yield engine

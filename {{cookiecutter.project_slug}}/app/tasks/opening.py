"""What the tasks open at the start and close at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from app.kit.signals import on_stop_signal
from app.predictions.settings import PredictionSettings
from app.predictions.sql import SqlPredictionStore
from app.serving.models import Models
from app.storage.thread import Storage
from app.tasks.engine.background import BackgroundEngine
from app.tasks.engine.base import Engine, Retention

# {%- if cookiecutter.__celery == "yes" +%}
from app.tasks.engine.celery.settings import CelerySettings

# {%- endif +%}
from app.tasks.engine.runner import Runner
from app.tasks.kinds.registry import Kinds, known_versions
from app.tasks.service import TaskService
from app.tasks.settings import TaskSettings
from app.tasks.store import TaskStore


@asynccontextmanager
async def open_tasks(
    settings: TaskSettings, storage: Storage, models: Models, kinds: Kinds
) -> AsyncIterator[TaskService]:
    """Start the engine that the settings name, and stop it at the end."""
    store = TaskStore(storage, known_versions(kinds))
    async with open_engine(settings, store, models, kinds) as engine:
        engine.retentions += retentions_of_predictions(settings, storage)
        with on_stop_signal(engine.begin_stop, settings.shutdown_seconds):
            yield TaskService(store, engine, kinds)


def retentions_of_predictions(settings: TaskSettings, storage: Storage) -> list[Retention]:
    """Return how long predictions are kept, if that is limited."""
    if not isinstance(settings, PredictionSettings) or not settings.prediction_retention_seconds:
        return []
    return [Retention(SqlPredictionStore(storage).expire, settings.prediction_retention_seconds)]


@asynccontextmanager
async def open_engine(
    settings: TaskSettings, store: TaskStore, models: Models, kinds: Kinds
) -> AsyncIterator[Engine]:
    """Open the engine, and the runner if tasks run in this process."""
    # {% if cookiecutter.__celery == "yes" %}
    if isinstance(settings, CelerySettings) and settings.task_engine == "celery":
        from app.tasks.engine.celery.engine import CeleryEngine  # slow to import

        async with CeleryEngine(store, settings) as engine:
            yield engine
        return
    # {% endif %}
    with closing(Runner(store, models, settings, kinds)) as runner:
        async with BackgroundEngine(runner, settings) as engine:
            yield engine

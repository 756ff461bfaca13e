"""The service with a database and a committing thread for predictions, and another for tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

from app.kit.settings import load_settings  # type: ignore[import-not-found]
from app.main import create_app  # type: ignore[import-not-found]
from app.predictions.sql import SqlPredictionStore  # type: ignore[import-not-found]
from app.serving.opening import open_models  # type: ignore[import-not-found]
from app.settings import Settings  # type: ignore[import-not-found]
from app.storage.opening import open_storage  # type: ignore[import-not-found]
from app.tasks.kinds.registry import KINDS  # type: ignore[import-not-found]
from app.tasks.opening import open_tasks  # type: ignore[import-not-found]
from pydantic import SecretStr

settings = load_settings(Settings)


def with_other_file(settings: Any) -> Any:  # noqa: ANN401
    """Return the same settings with another file."""
    url = settings.database_url.get_secret_value().replace("app.sqlite3", "predictions.sqlite3")
    return settings.model_copy(update={"database_url": SecretStr(url)})


@asynccontextmanager
async def lifespan(_: object) -> AsyncIterator[dict[str, Any]]:
    """Open the model and two storages."""
    with (
        closing(open_models(settings)) as models,
        closing(open_storage(settings)) as storage,
        closing(open_storage(with_other_file(settings))) as other,
    ):
        predictions = SqlPredictionStore(other)
        async with open_tasks(settings, storage, models, KINDS) as tasks:
            yield {
                "settings": settings,
                "models": models,
                "storage": storage,
                "predictions": predictions,
                "tasks": tasks,
            }


app = create_app(settings)
app.router.lifespan_context = lifespan

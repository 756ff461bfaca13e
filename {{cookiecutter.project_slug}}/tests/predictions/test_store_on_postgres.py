"""What every store of predictions promises, on Postgres."""

from collections.abc import AsyncIterator

import pytest

from app.predictions.sql import SqlPredictionStore
from app.predictions.store import PredictionStore
from tests.predictions.test_store import *  # noqa: F403
from tests.storage.postgres import opened, server, url

__all__ = ["server", "url"]  # fixtures

pytestmark = [pytest.mark.services, pytest.mark.anyio]  # type: ignore[assignment]


@pytest.fixture  # type: ignore[no-redef]
async def store(url: str) -> AsyncIterator[PredictionStore]:
    with opened(url) as storage:
        yield SqlPredictionStore(storage)


@pytest.fixture  # type: ignore[no-redef]
async def sql(url: str) -> AsyncIterator[SqlPredictionStore]:
    with opened(url) as storage:
        yield SqlPredictionStore(storage)

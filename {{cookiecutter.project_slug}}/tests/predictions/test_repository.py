"""What every repository of predictions promises: the twin in memory and the SQLite one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.models import Features
from app.predictions.repository import PredictionNotFoundError, PredictionRepository
from app.predictions.repository.memory import MemoryPredictionRepository
from app.predictions.repository.sqlite import SqlitePredictionRepository
from app.predictions.schemas import RangeWarning, StoredPrediction
from app.storage.database import open_database
from tests.fakes import FLOWER

Opened = AbstractAsyncContextManager[PredictionRepository]
Check = Callable[[PredictionRepository], Coroutine[None, None, None]]


@asynccontextmanager
async def in_memory(_: Path) -> AsyncIterator[PredictionRepository]:
    yield MemoryPredictionRepository()


@asynccontextmanager
async def in_sqlite(folder: Path) -> AsyncIterator[PredictionRepository]:
    async with open_database(folder / "app.sqlite3") as database:
        yield SqlitePredictionRepository(database)


@pytest.fixture(params=[in_memory, in_sqlite], ids=["memory", "sqlite"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Check], None]:
    """Runs a check against the repository."""

    async def opened(check: Check) -> None:
        async with request.param(tmp_path) as repository:
            await check(repository)

    return lambda check: asyncio.run(opened(check))


def prediction() -> StoredPrediction:
    return StoredPrediction(
        id=uuid4(),
        created_at=datetime.now(UTC),
        features=Features(**FLOWER),
        label="short",
        probabilities={"short": 0.75, "long": 0.25},
        model_version="000000000000",
        warnings=[RangeWarning(name="petal_width_cm", unit="cm", value=9, minimum=0.1, maximum=8)],
    )


def test_what_is_added_is_found_as_it_was(run: Callable[[Check], None]) -> None:
    async def check(repository: PredictionRepository) -> None:
        added = prediction()
        await repository.add(added)
        assert await repository.get(added.id) == added

    run(check)


def test_an_unknown_id_is_an_error(run: Callable[[Check], None]) -> None:
    async def check(repository: PredictionRepository) -> None:
        with pytest.raises(PredictionNotFoundError):
            await repository.get(uuid4())
        with pytest.raises(PredictionNotFoundError):
            await repository.page(1, uuid4())

    run(check)


def test_pages_are_newest_first_and_miss_nothing(run: Callable[[Check], None]) -> None:
    async def check(repository: PredictionRepository) -> None:
        added = [prediction() for _ in range(5)]
        for one in added:
            await repository.add(one)
        first = await repository.page(2, None)
        await repository.add(prediction())  # a newcomer does not move the pages under a reader
        second = await repository.page(2, first[-1].id)
        third = await repository.page(2, second[-1].id)
        assert [*first, *second, *third] == added[::-1]
        assert await repository.page(2, third[-1].id) == []

    run(check)


def test_nothing_is_found_in_an_empty_repository(run: Callable[[Check], None]) -> None:
    async def check(repository: PredictionRepository) -> None:
        assert await repository.page(10, None) == []

    run(check)

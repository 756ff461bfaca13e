"""What every store of predictions promises: the one in memory, and the one in a database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.predictions.schemas import RangeWarning, StoredPrediction
from app.predictions.sql import SqlPredictionStore
from app.predictions.store import PredictionNotFoundError, PredictionStore
from tests.fakes import FLOWER
from tests.predictions.memory import MemoryPredictionStore
from tests.storage.helpers import opened

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PredictionStore]:
    if request.param == "memory":
        yield MemoryPredictionStore()
        return
    with opened(tmp_path / "app.sqlite3") as storage:
        yield SqlPredictionStore(storage)


def prediction() -> StoredPrediction:
    return StoredPrediction(
        id=uuid4(),
        created_at=datetime.now(UTC),
        features=FLOWER,
        label="short",
        probabilities={"short": 0.75, "long": 0.25},
        model_version="000000000000",
        warnings=[RangeWarning(name="petal_width_cm", unit="cm", value=9, minimum=0.1, maximum=8)],
    )


async def test_what_is_added_is_found_as_it_was(store: PredictionStore) -> None:
    added = prediction()
    await store.add(added)
    assert await store.get(added.id) == added


async def test_an_unknown_id_is_an_error(store: PredictionStore) -> None:
    with pytest.raises(PredictionNotFoundError):
        await store.get(uuid4())
    with pytest.raises(PredictionNotFoundError):
        await store.page(1, uuid4())


async def test_what_is_removed_is_gone_and_nothing_else(store: PredictionStore) -> None:
    kept, removed = prediction(), prediction()
    for one in (kept, removed):
        await store.add(one)
    await store.remove(removed.id)
    assert await store.page(10, None) == [kept]
    with pytest.raises(PredictionNotFoundError):
        await store.remove(removed.id)


async def test_pages_are_newest_first_and_miss_nothing(store: PredictionStore) -> None:
    added = [prediction() for _ in range(5)]
    for one in added:
        await store.add(one)
    first = await store.page(2, None)
    await store.add(prediction())  # a new one does not shift the pages of someone who is reading
    second = await store.page(2, first[-1].id)
    third = await store.page(2, second[-1].id)
    assert [*first, *second, *third] == added[::-1]
    assert await store.page(2, third[-1].id) == []


async def test_nothing_is_found_in_an_empty_store(store: PredictionStore) -> None:
    assert await store.page(10, None) == []

"""What every store of predictions promises: the one in memory, and the one in a database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.predictions.schemas import StoredPrediction, schemas_of
from app.predictions.sql import SqlPredictionStore
from app.predictions.store import PredictionNotFoundError, PredictionStore
from app.serving.answers import Classification
from app.serving.served import Served
from app.serving.unseen import RangeWarning
from tests.fakes import FLOWER, MODELS, SHORT, Flower, load_model
from tests.predictions.memory import MemoryPredictionStore
from tests.storage.helpers import opened

pytestmark = pytest.mark.anyio

KIND = schemas_of(MODELS[0]).stored
OTHER = schemas_of(Served("other", Flower, Classification, load_model)).stored


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PredictionStore]:
    if request.param == "memory":
        yield MemoryPredictionStore()
        return
    with opened(tmp_path / "app.sqlite3") as storage:
        yield SqlPredictionStore(storage)


def prediction(kind: type[StoredPrediction] = KIND) -> StoredPrediction:
    return kind(
        id=uuid4(),
        created_at=datetime.now(UTC),
        features=FLOWER,
        **vars(SHORT),
        model_version="000000000000",
        warnings=[RangeWarning(name="petal_width_cm", unit="cm", value=9, minimum=0.1, maximum=8)],
    )


async def test_what_is_added_is_found_as_it_was(store: PredictionStore) -> None:
    added = prediction()
    await store.add(added)
    assert await store.get(KIND, added.id) == added


async def test_an_unknown_id_is_an_error(store: PredictionStore) -> None:
    with pytest.raises(PredictionNotFoundError):
        await store.get(KIND, uuid4())
    with pytest.raises(PredictionNotFoundError):
        await store.page(KIND, 1, uuid4())


async def test_what_is_removed_is_gone_and_nothing_else(store: PredictionStore) -> None:
    kept, removed = prediction(), prediction()
    for one in (kept, removed):
        await store.add(one)
    await store.remove(KIND, removed.id)
    assert await store.page(KIND, 10, None) == [kept]
    with pytest.raises(PredictionNotFoundError):
        await store.remove(KIND, removed.id)


async def test_pages_are_newest_first_and_miss_nothing(store: PredictionStore) -> None:
    added = [prediction() for _ in range(5)]
    for one in added:
        await store.add(one)
    first = await store.page(KIND, 2, None)
    await store.add(prediction())  # a new one does not shift the pages of someone who is reading
    second = await store.page(KIND, 2, first[-1].id)
    third = await store.page(KIND, 2, second[-1].id)
    assert [*first, *second, *third] == added[::-1]
    assert await store.page(KIND, 2, third[-1].id) == []


async def test_another_models_predictions_are_not_found(store: PredictionStore) -> None:
    own, others = prediction(), prediction(OTHER)
    for one in (own, others):
        await store.add(one)
    assert await store.page(KIND, 10, None) == [own]
    assert await store.page(OTHER, 10, None) == [others]
    with pytest.raises(PredictionNotFoundError):
        await store.get(KIND, others.id)
    with pytest.raises(PredictionNotFoundError):
        await store.page(KIND, 1, others.id)
    with pytest.raises(PredictionNotFoundError):
        await store.remove(KIND, others.id)
    assert await store.get(OTHER, others.id) == others


async def test_nothing_is_found_in_an_empty_store(store: PredictionStore) -> None:
    assert await store.page(KIND, 10, None) == []

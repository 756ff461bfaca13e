"""What every store of predictions promises: the one in memory, and the one in a database."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from anyio import to_thread

from app.predictions.report.collect import make_report
from app.predictions.schemas import StoredPrediction, schemas_of
from app.predictions.sql import MIGRATIONS, SqlPredictionStore
from app.predictions.store import (
    PredictionNotFoundError,
    PredictionStore,
    Record,
    UnreadableError,
)
from app.serving.answers import Classification
from app.serving.served import Served
from app.serving.settings import ModelSettings
from app.serving.unseen import RangeWarning
from tests.fakes import FLOWER, MODELS, SHORT, Flower, load_model
from tests.predictions.memory import MemoryPredictionStore
from tests.storage.helpers import Direct, opened

pytestmark = pytest.mark.anyio

KIND = schemas_of(MODELS[0]).stored
OTHER = schemas_of(Served("other", Flower, Classification, load_model)).stored
OWN = KIND.model_name


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PredictionStore]:
    if request.param == "memory":
        yield MemoryPredictionStore()
        return
    with opened(tmp_path / "app.sqlite3") as storage:
        yield SqlPredictionStore(storage)


@pytest.fixture
async def sql(tmp_path: Path) -> AsyncIterator[SqlPredictionStore]:
    with opened(tmp_path / "app.sqlite3") as storage:
        yield SqlPredictionStore(storage)


def prediction(kind: type[StoredPrediction] = KIND) -> StoredPrediction:
    return kind(
        id=uuid4(),
        created_at=datetime.now(UTC),
        features=dict(FLOWER),
        **vars(SHORT),
        model_version="000000000000",
        warnings=[RangeWarning(name="petal_width_cm", unit="cm", value=9, minimum=0.1, maximum=8)],
    )


def record(added: StoredPrediction) -> Record:
    """Return what must be found of a prediction."""
    return Record(added.model_dump(mode="json"))


@pytest.mark.parametrize(
    "value",
    [math.nan, [[math.inf]], "\ud800", 10**5_000],
    ids=["nan", "infinity", "surrogate", "digits"],
)
async def test_what_could_not_be_read_again_is_not_kept_and_spoils_no_other(
    store: PredictionStore, value: object
) -> None:
    good, bad, also_good = prediction(), prediction(), prediction()
    bad.features["sepal_width_cm"] = value
    added = [store.add(one) for one in (good, bad, also_good)]
    outcomes = await asyncio.gather(*added, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), UnreadableError, type(None)]
    assert await store.page(OWN, 9, None) == [record(also_good), record(good)]


async def test_what_is_added_is_found_as_it_was(store: PredictionStore) -> None:
    added = prediction()
    await store.add(added)
    assert await store.get(OWN, added.id) == record(added)


async def test_an_outcome_is_kept_until_another_one_is(store: PredictionStore) -> None:
    added, other = prediction(), prediction()
    for one in (added, other):
        await store.add(one)
    for label in ("long", "short"):
        found = await store.set_outcome(OWN, added.id, json.dumps({"label": label}))
        assert found == await store.get(OWN, added.id)
        assert found.content == record(added).content | {"outcome": {"label": label}}
    assert await store.page(OWN, 2, None) == [record(other), found]
    with pytest.raises(PredictionNotFoundError):
        await store.set_outcome(OTHER.model_name, added.id, "{}")


async def test_an_unknown_id_is_an_error(store: PredictionStore) -> None:
    with pytest.raises(PredictionNotFoundError):
        await store.get(OWN, uuid4())
    with pytest.raises(PredictionNotFoundError):
        await store.page(OWN, 1, uuid4())


async def test_what_is_removed_is_gone_and_nothing_else(store: PredictionStore) -> None:
    kept, removed = prediction(), prediction()
    for one in (kept, removed):
        await store.add(one)
    await store.remove(OWN, removed.id)
    assert await store.page(OWN, 10, None) == [record(kept)]
    with pytest.raises(PredictionNotFoundError):
        await store.remove(OWN, removed.id)


async def test_pages_are_newest_first_and_miss_nothing(store: PredictionStore) -> None:
    added = [prediction() for _ in range(5)]
    for one in added:
        await store.add(one)
    first = await store.page(OWN, 2, None)
    await store.add(prediction())  # a new one does not shift the pages of someone who is reading
    second = await store.page(OWN, 2, first[-1].id)
    third = await store.page(OWN, 2, second[-1].id)
    assert [*first, *second, *third] == [record(one) for one in reversed(added)]
    assert await store.page(OWN, 2, third[-1].id) == []


async def test_another_models_predictions_are_not_found(store: PredictionStore) -> None:
    own, others = prediction(), prediction(OTHER)
    for one in (own, others):
        await store.add(one)
    assert await store.page(OWN, 10, None) == [record(own)]
    assert await store.page(OTHER.model_name, 10, None) == [record(others)]
    with pytest.raises(PredictionNotFoundError):
        await store.get(OWN, others.id)
    with pytest.raises(PredictionNotFoundError):
        await store.page(OWN, 1, others.id)
    with pytest.raises(PredictionNotFoundError):
        await store.remove(OWN, others.id)
    assert await store.get(OTHER.model_name, others.id) == record(others)


async def test_nothing_is_found_in_an_empty_store(store: PredictionStore) -> None:
    assert await store.page(OWN, 10, None) == []


# what a database promises besides


def execute(store: SqlPredictionStore, statement: str) -> list[Any]:
    """Run a statement with the connection that writes."""
    return Direct(store).execute(statement)


async def test_what_is_too_old_is_removed_in_steps_and_nothing_else(
    sql: SqlPredictionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.predictions.sql.EXPIRED_AT_ONCE", 2)
    old, kept = [prediction() for _ in range(5)], prediction()
    for one in old:
        await sql.add(one)
    execute(sql, "UPDATE predictions SET created_at = created_at - 1000")
    await sql.add(kept)
    assert await sql.expire(2000) == 0
    assert [await sql.expire(999) for _ in range(4)] == [2, 2, 1, 0]
    assert await sql.page(OWN, 9, None) == [record(kept)]


async def test_what_a_wrong_clock_dated_ahead_holds_up_no_removal(
    sql: SqlPredictionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.predictions.sql.EXPIRED_AT_ONCE", 1)
    ahead, old = prediction(), prediction()
    for one, seconds in ((ahead, 99_999), (old, -1000)):
        await sql.add(one)
        where = f"id = '{one.id}'"
        execute(sql, f"UPDATE predictions SET created_at = created_at + {seconds} WHERE {where}")
    assert [await sql.expire(999) for _ in range(2)] == [1, 0]
    assert await sql.page(OWN, 9, None) == [record(ahead)]


async def test_a_database_of_the_first_layout_is_read_on(sql: SqlPredictionStore) -> None:
    execute(sql, "DROP TABLE predictions")
    for statement in MIGRATIONS[0]:
        execute(sql, statement)
    execute(sql, "UPDATE schema_versions SET version = 1 WHERE feature = 'predictions'")
    old = prediction()
    body = old.model_dump_json(exclude={"outcome"})
    values = f"('{old.id}', '{OWN}', '{body}')"
    execute(sql, f"INSERT INTO predictions (id, model, body) VALUES {values}")
    again = SqlPredictionStore(sql.storage)
    assert execute(sql, "SELECT layout FROM predictions") == [(1,)]
    assert await again.page(OWN, 9, None) == [record(old)]
    assert (await again.set_outcome(OWN, old.id, "{}")).content["outcome"] == {}
    assert [await again.expire(seconds) for seconds in (100, -1)] == [0, 1]  # made just now


async def test_all_of_the_record_is_reported_a_page_at_a_time(
    sql: SqlPredictionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.predictions.report.collect.ROWS_AT_ONCE", 2)
    for number in range(5):
        added = prediction(OTHER if number == 2 else KIND)
        await sql.add(added)
        label = "short" if number else "long"  # which is wrong
        await sql.set_outcome(added.model_name, added.id, json.dumps({"label": label}))
    # as a process of the previous version adds a row
    execute(sql, "UPDATE predictions SET created_at = NULL WHERE seq = 1")
    found = await to_thread.run_sync(make_report, sql.storage, MODELS, ModelSettings(), 1.0)
    (version,) = found.versions
    assert (version.rows, version.outcomes, version.accuracy) == (4, 4, 0.75)

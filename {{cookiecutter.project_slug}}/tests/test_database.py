"""The SQLite file: migrated forward, never backward, and shared by processes."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from app.kit.start import StartError
from app.storage.database import MIGRATIONS, open_database


async def version_after_opening(path: Path) -> int:
    async with open_database(path) as database:
        rows = await database.execute_fetchall("PRAGMA user_version")
    return int(next(iter(rows))[0])


def test_a_new_file_gets_every_migration(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "app.sqlite3"
    assert asyncio.run(version_after_opening(path)) == len(MIGRATIONS)
    assert asyncio.run(version_after_opening(path)) == len(MIGRATIONS)


def test_a_file_of_a_newer_app_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app.sqlite3"
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    newer.close()
    with pytest.raises(StartError, match="Run the newer app"):
        asyncio.run(version_after_opening(path))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app.sqlite3"
    path.write_text("not a database " * 100)
    with pytest.raises(StartError, match=r"app\.sqlite3 cannot be used"):
        asyncio.run(version_after_opening(path))


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    async def all_at_once(path: Path) -> list[int]:
        return await asyncio.gather(*[version_after_opening(path) for _ in range(8)])

    for attempt in range(20):
        path = tmp_path / f"{attempt}.sqlite3"
        assert asyncio.run(all_at_once(path)) == [len(MIGRATIONS)] * 8


def test_a_file_that_stays_locked_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.database.BUSY_SECONDS", 0.05)
    path = tmp_path / "app.sqlite3"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StartError, match="database is locked"):
        asyncio.run(version_after_opening(path))
    other.close()

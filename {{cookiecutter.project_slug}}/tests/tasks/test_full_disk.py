"""A disk that tasks fill up: room is kept for removing some, so the service recovers by itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.storage import sqlite
from app.storage.connection import StorageUnavailableError
from app.tasks.records import NewTask, Outcome
from app.tasks.schemas import TaskState
from tests.tasks.helpers import FAR, GONE, Tasks, added, new_task, opened_tasks

DISK_BYTES = 2**25
KEPT_BYTES = DISK_BYTES // 16


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose disk is small, as far as SQLite's connection knows."""

    def usage(folder: Path) -> SimpleNamespace:
        used = sum(path.stat().st_size for path in folder.iterdir())
        return SimpleNamespace(total=DISK_BYTES, free=DISK_BYTES - used)

    monkeypatch.setattr("shutil.disk_usage", usage)
    monkeypatch.setattr(sqlite, "ROOM_SECONDS", 0)
    return tmp_path


def upload() -> NewTask:
    return new_task(pieces=[bytes(100_000)] * 10)


def fill(tasks: Tasks, new: Callable[[], NewTask] = upload) -> int:
    """Add tasks until the disk is full; return how many were accepted."""
    for count in range(10_000):
        try:
            added(tasks, new())
        except StorageUnavailableError:
            return count
    pytest.fail("the disk was never full")


def end_all(tasks: Tasks) -> None:
    claims = tasks.claim("one", FAR, 99)
    tasks.settle([(claim, Outcome(TaskState.SUCCEEDED)) for claim in claims])


def remove_ended(tasks: Tasks) -> None:
    while tasks.expire(GONE):
        pass


def test_a_disk_full_of_uploads_has_room_to_remove_them(disk: Path) -> None:
    with opened_tasks(disk / "app.sqlite3") as tasks:
        accepted = fill(tasks)
        assert accepted > 5
        for _ in range(3):
            used = sum(path.stat().st_size for path in disk.iterdir())
            assert used < DISK_BYTES - KEPT_BYTES // 2
            end_all(tasks)
            remove_ended(tasks)
            assert fill(tasks) >= accepted // 2


def test_it_is_ready_as_long_as_there_is_room_for_a_task(disk: Path) -> None:
    with opened_tasks(disk / "app.sqlite3") as tasks:
        asyncio.run(tasks.storage.ping())
        fill(tasks)
        end_all(tasks)
        fill(tasks, new_task)
        for _ in range(3):
            with pytest.raises(StorageUnavailableError) as refused:
                asyncio.run(tasks.storage.ping())
            assert "full" in str(refused.value.__cause__)
        remove_ended(tasks)
        asyncio.run(tasks.storage.ping())
        added(tasks, new_task())

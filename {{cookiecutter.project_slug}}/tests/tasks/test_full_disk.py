"""A disk that tasks fill up: room is kept for removing some, so the service recovers by itself."""

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


def fill(tasks: Tasks) -> int:
    """Add uploads until the disk is full; return how many were accepted."""
    for count in range(100):
        try:
            added(tasks, upload())
        except StorageUnavailableError:
            return count
    pytest.fail("the disk was never full")


def test_a_disk_full_of_uploads_has_room_to_remove_them(disk: Path) -> None:
    with opened_tasks(disk / "app.sqlite3") as tasks:
        accepted = fill(tasks)
        assert accepted > 5
        for _ in range(3):
            used = sum(path.stat().st_size for path in disk.iterdir())
            assert used < DISK_BYTES - KEPT_BYTES // 2
            claims = tasks.claim("one", FAR, 99)
            tasks.settle([(claim, Outcome(TaskState.SUCCEEDED)) for claim in claims])
            while tasks.expire(GONE):
                pass
            assert fill(tasks) >= accepted // 2

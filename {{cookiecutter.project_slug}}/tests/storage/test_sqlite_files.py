"""The files of SQLite while the app serves: private, removed, replaced, locked, on a full disk."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from stat import S_IMODE

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL, serve
from tests.fakes import FLOWER
from tests.storage.helpers import opened
from tests.tasks.helpers import wait_for
from tests.tasks.test_survival import FAST, SERVED, read, submit, wait_for_state

PREDICTIONS = "/v1/predictions"
Client = TestClient | httpx2.Client


def statuses(client: Client) -> tuple[int, int, int]:
    """Return how storing, readiness and reading are answered."""
    return (
        client.post(PREDICTIONS, json=FLOWER).status_code,
        client.get("/health/ready").status_code,
        client.get(PREDICTIONS).status_code,
    )


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_file_that_is_removed_or_replaced_while_serving_is_noticed(
    settings: Settings, database: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite goes on with the file that it has open, and nobody would find what it stores."""
    file, aside = Path(f"{database}{suffix}"), database.with_name("aside")
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        assert statuses(client) == (201, 200, 200)
        file.rename(aside)
        assert statuses(client) == (503, 503, 200)
        file.touch()
        assert statuses(client) == (503, 503, 200)
        aside.rename(file)
        assert statuses(client) == (201, 200, 200)
        assert len(client.get(PREDICTIONS).json()["items"]) == 2  # nothing that was refused
    assert "was removed or replaced: put it back, or restart" in capsys.readouterr().err


def test_other_processes_and_storages_that_come_and_go_remove_nothing(
    client: TestClient, database: Path
) -> None:
    count = f"import sqlite3; sqlite3.connect({str(database)!r}).execute('SELECT * FROM tasks')"
    for _ in range(2):
        with opened(database):
            pass
        subprocess.run([sys.executable, "-c", count], check=True)
        assert statuses(client) == (201, 200, 200)


def test_the_files_are_private_to_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "var" / "app.sqlite3"
    before = os.umask(0o022)
    try:
        with opened(path):
            modes = [S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()]
    finally:
        os.umask(before)
    assert modes == [0o600] * 3
    assert S_IMODE(path.parent.stat().st_mode) == 0o700


@contextmanager
def full(process: int) -> Iterator[None]:
    """Let no file of this process grow: a full disk, without one."""
    unlimited = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, unlimited[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)


def test_while_nothing_can_be_written_it_is_not_ready_and_then_goes_on_by_itself(
    tmp_path: Path,
) -> None:
    with serve(tmp_path) as (client, process):
        assert statuses(client) == (201, 200, 200)
        with full(process.pid):
            assert statuses(client) == (503, 503, 200)
        wait_for(lambda: statuses(client) == (201, 200, 200))
        task = client.post("/v1/tasks/wait", json={"seconds": 0}).json()
        path = f"/v1/tasks/{task['id']}"
        wait_for(lambda: client.get(path).json()["state"] == "succeeded")


def test_log_and_database_on_one_full_disk_lose_nothing_that_was_accepted(tmp_path: Path) -> None:
    log, note = tmp_path / "log", tmp_path / "note"
    with serve(tmp_path, SERVED, log, **FAST) as (client, process):
        task_id = submit(client, "note_and_block", path=str(note), seconds=1)
        wait_for_state(client, task_id, "running")
        with full(process.pid):
            before = log.read_text()
            time.sleep(2.5)  # the task ends, its outcome cannot be stored, and no line can tell
            assert statuses(client) == (503, 503, 200)
            assert read(client, task_id)["state"] == "running"
            assert log.read_text() == before
        assert wait_for_state(client, task_id, "succeeded", "dead")["attempts"] == 1
        wait_for(lambda: statuses(client) == (201, 200, 200))
    assert note.read_text() == "started\n"
    after = log.read_text().removeprefix(before).splitlines()
    assert "Finished server process" in json.loads(after[-1])["event"]


def test_while_another_program_holds_the_lock_reading_goes_on_and_it_is_not_ready(
    tmp_path: Path,
) -> None:
    with (
        serve(tmp_path, STORAGE_SECONDS="0.5") as (client, _),
        closing(sqlite3.connect(tmp_path / "app.sqlite3", isolation_level=None)) as other,
    ):
        assert statuses(client) == (201, 200, 200)
        other.execute("BEGIN IMMEDIATE")
        assert statuses(client) == (503, 503, 200)
        other.execute("ROLLBACK")
        wait_for(lambda: statuses(client) == (201, 200, 200))

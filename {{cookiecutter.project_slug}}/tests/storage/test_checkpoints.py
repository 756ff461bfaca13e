"""SQLite's log: copied into the file beside the commits, and never larger than it must be."""

from functools import partial
from pathlib import Path

from app.storage.calls import Call
from app.storage.checkpoints import COMMITS
from app.storage.sqlite import LARGEST_LOG
from app.storage.thread import WRITE, Storage
from tests.storage.helpers import opened
from tests.tasks.helpers import wait_for


def write(storage: Storage, statement: str = WRITE) -> None:
    storage.wait_for(Call(partial(storage.connection.execute, statement)))


def test_the_log_is_copied_after_some_commits(tmp_path: Path) -> None:
    path = tmp_path / "app.sqlite3"
    with opened(path) as storage:
        write(storage, "CREATE TABLE notes (body TEXT)")
        for _ in range(COMMITS - 2):
            write(storage)
        before = path.stat().st_size
        write(storage)
        wait_for(lambda: path.stat().st_size > before)


def test_a_large_transaction_leaves_no_large_log(tmp_path: Path) -> None:
    log = tmp_path / "app.sqlite3-wal"
    with opened(tmp_path / "app.sqlite3") as storage:
        write(storage, f"CREATE TABLE notes AS SELECT zeroblob({2 * LARGEST_LOG}) AS body")
        assert log.stat().st_size > 2 * LARGEST_LOG
        write(storage)
        assert log.stat().st_size <= LARGEST_LOG

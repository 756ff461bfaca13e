"""The SQLite file: its schema, its limits, and processes that share it."""

import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.kit.start import StartError
from app.storage.connection import StorageUnavailableError
from app.storage.opening import open_storage
from app.storage.settings import StorageSettings
from app.storage.sqlite import prepare
from app.tasks import sql, upkeep_sql
from app.tasks.migrations import MIGRATIONS
from app.tasks.records import Claim, NewTask
from app.tasks.store import TaskStore
from tests.storage.helpers import opened
from tests.tasks.helpers import FAR, KNOWN, Tasks, added, found, new_task, opened_tasks

LARGE = [b"x" * 50_000] * 4
SCHEMA = "SELECT version FROM schema_versions WHERE feature = 'tasks'"
NEWER = (*MIGRATIONS, ("CREATE TABLE more (x {real})", "INSERT INTO more VALUES (1.5)"))
BROKEN = (*MIGRATIONS, ("CREATE TABLE more (x {real})", "CREATE TABLE more (x {real})"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.sqlite3"


@pytest.fixture
def tasks(path: Path) -> Iterator[Tasks]:
    with opened_tasks(path) as tasks:
        yield tasks


def ask(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(statement).fetchall()


def open_tasks(path: Path, **settings: object) -> None:
    """Open the tasks in this file, and close them."""
    with opened_tasks(path, KNOWN, **settings):
        pass


def add_together(tasks: Tasks, *new: NewTask) -> None:
    tasks.add(new)


# the schema


def test_a_new_file_gets_every_migration_once(path: Path) -> None:
    deep = path.parent / "deep" / "app.sqlite3"
    for _ in range(2):
        open_tasks(deep)
        assert ask(deep, SCHEMA) == [(len(MIGRATIONS),)]


def test_an_older_file_is_brought_forward_and_keeps_its_tasks(path: Path, tasks: Tasks) -> None:
    task = added(tasks, new_task())
    with opened(path) as upgraded:
        upgraded.migrate("tasks", NEWER)
    assert found(tasks, task) == task
    assert ask(path, SCHEMA) == [(len(NEWER),)]
    assert ask(path, "SELECT * FROM more") == [(1.5,)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, tasks: Tasks) -> None:
    task = added(tasks, new_task())
    with opened(path) as upgraded, pytest.raises(StartError, match="table more already exists"):
        upgraded.migrate("tasks", BROKEN)
    assert ask(path, "SELECT name FROM sqlite_master WHERE name = 'more'") == []
    with opened_tasks(path) as reopened:
        assert found(reopened, task) == task


def test_a_file_of_a_newer_app_is_refused(path: Path) -> None:
    with opened(path) as newer:
        newer.migrate("tasks", NEWER)
    with pytest.raises(StartError, match=r"but this app knows only \d\. Run the newer"):
        open_tasks(path)
    assert ask(path, SCHEMA) == [(len(NEWER),)]


def test_each_feature_has_a_version_of_its_own(path: Path) -> None:
    with opened(path) as storage:
        storage.migrate("notes", [["CREATE TABLE notes (x {real})"]])
        storage.migrate("tasks", NEWER)
        storage.migrate("notes", [["CREATE TABLE notes (x {real})"]])
    versions = "SELECT feature, version FROM schema_versions ORDER BY feature"
    assert ask(path, versions) == [("notes", 1), ("storage", 1), ("tasks", len(NEWER))]


def test_what_is_there_is_kept(path: Path) -> None:
    for _ in range(2):
        with opened_tasks(path) as tasks:
            added(tasks, new_task())
    assert ask(path, "SELECT COUNT(*) FROM tasks") == [(2,)]


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    def open_and_add(path: Path) -> None:
        with opened_tasks(path) as tasks:
            add_together(tasks, new_task())

    with ThreadPoolExecutor(8) as threads:
        for attempt in range(10):
            path = tmp_path / f"{attempt}.sqlite3"
            list(threads.map(open_and_add, [path] * 8))
            assert ask(path, SCHEMA) == [(len(MIGRATIONS),)]
            assert ask(path, "SELECT COUNT(*) FROM tasks") == [(8,)]


def test_a_queue_costs_the_same_however_long_it_is(path: Path, tasks: Tasks) -> None:
    values = {"owner": "", "lease": 1, "limit": 1, "max_attempts": 1, "problem": "", "known": 0}
    values |= {"older_than": 1, "most": 1, "rows": "[]"}
    add_together(tasks, *(new_task() for _ in range(100)))
    with closing(sqlite3.connect(path)) as database:
        for statement in (
            sql.CLAIM_DUE,
            upkeep_sql.DISPATCH,
            upkeep_sql.RESCUE,
            upkeep_sql.AGE,
            upkeep_sql.EXPIRE,
        ):
            plan = database.execute("EXPLAIN QUERY PLAN " + prepare(statement), values).fetchall()
            steps = " ".join(str(row[-1]) for row in plan)
            assert "INDEX tasks_" in steps
            assert "ORDER BY" not in steps, "it reads the whole queue and sorts it"


# files that cannot be used


def test_a_file_that_is_not_a_database_is_refused(path: Path) -> None:
    path.write_text("not a database " * 100)
    with pytest.raises(StartError, match=r"DATABASE_URL: .*app\.sqlite3 cannot be used"):
        open_tasks(path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be used"):
        open_tasks(tmp_path / "file" / "app.sqlite3")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="cannot be used: it is a folder"):
        open_tasks(tmp_path)


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open every file without the right to write: root has it whatever a file's permissions."""
    connect = sqlite3.connect

    def connect_read_only(path: Path, timeout: float, **_: object) -> sqlite3.Connection:
        uri = f"file:{path}?mode=ro"
        return connect(
            uri, timeout=timeout, uri=True, isolation_level=None, check_same_thread=False
        )

    monkeypatch.setattr("app.storage.sqlite.sqlite3.connect", connect_read_only)


@pytest.mark.usefixtures("read_only")
def test_a_read_only_file_without_tables_is_refused(path: Path) -> None:
    with pytest.raises(StartError, match="readonly"):
        open_tasks(path, storage_seconds=0.05)


@pytest.mark.anyio
async def test_a_read_only_file_can_be_read(
    path: Path, tasks: Tasks, request: pytest.FixtureRequest
) -> None:
    """The start writes nothing when there is nothing to change; but it is not ready."""
    task = added(tasks, new_task())
    request.getfixturevalue("read_only")
    with opened_tasks(path) as copy:
        assert found(copy, task) == task
        for writing in (copy.storage.ping(), copy.store.add(new_task())):
            with pytest.raises(StorageUnavailableError):
                await writing


def test_a_file_that_is_locked_does_not_keep_the_app_from_starting(path: Path) -> None:
    open_tasks(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        open_tasks(path, storage_seconds=0.05)


def test_a_file_that_stays_locked_is_given_up(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StartError, match="database is locked"):
            open_tasks(path, storage_seconds=0.05)


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the SQLite that Python was built with is not an argument
    monkeypatch.setattr("app.storage.sqlite.sqlite3.sqlite_version_info", (3, 37, 2))
    with pytest.raises(StartError, match=r"3\.38 or newer"):
        open_tasks(path)


def test_postgres_without_its_driver_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "app.storage.postgres", raising=False)
    settings = StorageSettings.model_validate({"database_url": "postgresql://127.0.0.1/app"})
    with pytest.raises(StartError, match=r"DATABASE_URL: .* uv add 'psycopg\[binary\]'"):
        open_storage(settings)


# nothing half-written


def test_what_breaks_off_leaves_nothing(path: Path, tasks: Tasks) -> None:
    def add_and_break() -> None:
        TaskStore.add.function(tasks.store, [new_task(pieces=[b"input"])])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tasks.run(add_and_break)
    assert ask(path, "SELECT * FROM tasks") == ask(path, "SELECT * FROM task_pieces") == []
    add_together(tasks, new_task())


def test_a_full_disk_leaves_no_half_task(path: Path, tasks: Tasks) -> None:
    add_together(tasks, new_task())
    ((pages,),) = tasks.execute("PRAGMA page_count")
    tasks.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(StorageUnavailableError) as refused:
        add_together(tasks, new_task(), new_task(pieces=LARGE))
    assert "full" in str(refused.value.__cause__)
    assert ask(path, "SELECT COUNT(*) FROM tasks") == [(1,)]
    assert ask(path, "SELECT COUNT(*) FROM task_pieces") == [(0,)]
    tasks.execute("PRAGMA max_page_count = 1000000")
    add_together(tasks, new_task(pieces=LARGE))
    assert ask(path, "SELECT COUNT(*) FROM task_pieces") == [(len(LARGE),)]


def test_storage_that_becomes_read_only_is_unavailable(path: Path, tasks: Tasks) -> None:
    task = added(tasks, new_task())
    tasks.execute("PRAGMA query_only = 1")
    with pytest.raises(StorageUnavailableError):
        add_together(tasks, new_task())
    with pytest.raises(StorageUnavailableError):
        tasks.claim("one", FAR, 1)
    assert ask(path, "SELECT id, state FROM tasks") == [(str(task.id), "queued")]


def test_storage_that_stays_locked_is_unavailable(path: Path) -> None:
    with (
        opened_tasks(path, storage_seconds=0.05) as tasks,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailableError):
            add_together(tasks, new_task())
        other.execute("ROLLBACK")
        add_together(tasks, new_task())


# several processes


def test_several_never_claim_the_same_attempt(path: Path, tasks: Tasks) -> None:
    add_together(tasks, *(new_task() for _ in range(200)))

    def claim_all(owner: str) -> list[Claim]:
        claims: list[Claim] = []
        with opened_tasks(path) as own:
            while some := own.claim(owner, FAR, 3):
                claims += some
        return claims

    with ThreadPoolExecutor(4) as threads:
        claims = [c for some in threads.map(claim_all, ["a", "b", "c", "d"]) for c in some]
    assert len(claims) == len({claim.id for claim in claims}) == 200


@pytest.mark.parametrize(("synchronous", "level"), [("NORMAL", 1), ("FULL", 2)])
def test_the_setting_decides_what_a_commit_waits_for(
    path: Path, synchronous: str, level: int
) -> None:
    with opened_tasks(path, database_synchronous=synchronous) as tasks:
        assert tasks.execute("PRAGMA synchronous") == [(level,)]
        assert tasks.execute("PRAGMA journal_mode") == [("wal",)]

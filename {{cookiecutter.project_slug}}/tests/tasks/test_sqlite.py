"""The tasks' SQLite file: its schema, its limits, and several processes that share it."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.kit.start import StartError
from app.storage.database import StorageUnavailableError
from app.tasks.repository import Claim, NewTask, TaskRepository, sql
from app.tasks.repository.database import SqlTaskRepository
from app.tasks.repository.sqlite import open_sqlite, prepared
from tests.tasks.helpers import FAR, added, found, new_task

LARGE = [b"x" * 50_000] * 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.sqlite3"


@pytest.fixture
def repository(path: Path) -> Iterator[SqlTaskRepository]:
    with closing(open_sqlite(path, "NORMAL")) as repository:
        yield repository


def ask(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(statement).fetchall()


def add_together(repository: TaskRepository, *tasks: NewTask) -> None:
    with repository.transaction():
        repository.add(tasks)


# the schema


def test_a_new_file_gets_every_migration_once(path: Path) -> None:
    deep = path.parent / "deep" / "tasks.sqlite3"
    for _ in range(2):
        open_sqlite(deep, "NORMAL").close()
        assert ask(deep, "SELECT version FROM task_schema") == [(len(sql.MIGRATIONS),)]


def test_an_older_file_is_brought_forward_and_keeps_its_tasks(
    path: Path, repository: SqlTaskRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = added(repository, new_task())
    newer = (*sql.MIGRATIONS, ("CREATE TABLE more (x {real})", "INSERT INTO more VALUES (1.5)"))
    monkeypatch.setattr("app.tasks.repository.database.MIGRATIONS", newer)
    with closing(open_sqlite(path, "NORMAL")) as upgraded:
        assert found(upgraded, task) == task
    assert ask(path, "SELECT version FROM task_schema") == [(len(newer),)]
    assert ask(path, "SELECT * FROM more") == [(1.5,)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path: Path, repository: SqlTaskRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = added(repository, new_task())
    broken = (*sql.MIGRATIONS, ("CREATE TABLE more (x {real})", "CREATE TABLE more (x {real})"))
    with monkeypatch.context() as patched:
        patched.setattr("app.tasks.repository.database.MIGRATIONS", broken)
        with pytest.raises(StartError, match="table more already exists"):
            open_sqlite(path, "NORMAL")
    assert ask(path, "SELECT name FROM sqlite_master WHERE name = 'more'") == []
    with closing(open_sqlite(path, "NORMAL")) as reopened:
        assert found(reopened, task) == task


def test_a_file_of_a_newer_app_is_refused(
    path: Path, repository: SqlTaskRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.close()
    newer = (*sql.MIGRATIONS, ("CREATE TABLE more (x {real})",))
    with monkeypatch.context() as patched:
        patched.setattr("app.tasks.repository.database.MIGRATIONS", newer)
        open_sqlite(path, "NORMAL").close()
    with pytest.raises(StartError, match=r"schema 2, and this app knows 1\. Run the newer app"):
        open_sqlite(path, "NORMAL")
    assert ask(path, "SELECT version FROM task_schema") == [(2,)]


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    def open_and_add(path: Path) -> None:
        with closing(open_sqlite(path, "NORMAL")) as repository:
            add_together(repository, new_task())

    with ThreadPoolExecutor(8) as threads:
        for attempt in range(10):
            path = tmp_path / f"{attempt}.sqlite3"
            list(threads.map(open_and_add, [path] * 8))
            assert ask(path, "SELECT version FROM task_schema") == [(len(sql.MIGRATIONS),)]
            assert ask(path, "SELECT COUNT(*) FROM tasks") == [(8,)]


def test_a_queue_costs_the_same_however_long_it_is(path: Path, repository: TaskRepository) -> None:
    values = {"owner": "", "lease": 1, "limit": 1, "max_attempts": 1, "problem": "", "known": 0}
    values["older_than"] = 1
    add_together(repository, *(new_task() for _ in range(100)))
    with closing(sqlite3.connect(path)) as database:
        for statement in (sql.CLAIM_DUE, sql.DISPATCH, sql.RESCUE, sql.EXPIRE):
            plan = database.execute("EXPLAIN QUERY PLAN " + prepared(statement), values).fetchall()
            steps = " ".join(str(row[-1]) for row in plan)
            assert "INDEX tasks_" in steps
            assert "ORDER BY" not in steps, "it reads the whole queue and sorts it"


# files that cannot be used


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("not a database " * 100)
    with pytest.raises(StartError, match=r"TASK_DATABASE_PATH: .*tasks\.sqlite3 cannot be used"):
        open_sqlite(path, "NORMAL")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be used"):
        open_sqlite(tmp_path / "file" / "tasks.sqlite3", "NORMAL")


@pytest.mark.parametrize("exists", [True, False])
def test_a_read_only_file_is_refused(
    path: Path, exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exists:
        open_sqlite(path, "NORMAL").close()
    connect = sqlite3.connect  # root may write everywhere, so permissions would not do

    def connect_read_only(path: Path, timeout: float, **_: object) -> sqlite3.Connection:
        return connect(f"file:{path}?mode=ro", timeout=timeout, uri=True, isolation_level=None)

    monkeypatch.setattr("app.tasks.repository.sqlite.BUSY_SECONDS", 0.05)
    monkeypatch.setattr("app.tasks.repository.sqlite.sqlite3.connect", connect_read_only)
    with pytest.raises(StartError, match=r"readonly|unable to open"):
        open_sqlite(path, "NORMAL")


def test_a_file_that_stays_locked_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tasks.repository.sqlite.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StartError, match="database is locked"):
            open_sqlite(path, "NORMAL")


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tasks.repository.sqlite.sqlite3.sqlite_version_info", (3, 37, 2))
    with pytest.raises(StartError, match=r"3\.38 or newer"):
        open_sqlite(path, "NORMAL")


# nothing half-written


def test_what_breaks_off_leaves_nothing(path: Path, repository: SqlTaskRepository) -> None:
    def add_and_break() -> None:
        with repository.transaction():
            repository.add([new_task(pieces=[b"input"])])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_break()
    assert ask(path, "SELECT * FROM tasks") == ask(path, "SELECT * FROM task_pieces") == []
    add_together(repository, new_task())


def test_a_full_disk_leaves_no_half_task(path: Path, repository: SqlTaskRepository) -> None:
    add_together(repository, new_task())
    ((pages,),) = repository._execute("PRAGMA page_count")
    repository._execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(StorageUnavailableError) as refused:
        add_together(repository, new_task(), new_task(pieces=LARGE))
    assert "full" in str(refused.value.__cause__)
    assert ask(path, "SELECT COUNT(*) FROM tasks") == [(1,)]
    assert ask(path, "SELECT COUNT(*) FROM task_pieces") == [(0,)]
    repository._execute("PRAGMA max_page_count = 1000000")
    add_together(repository, new_task(pieces=LARGE))
    assert ask(path, "SELECT COUNT(*) FROM task_pieces") == [(len(LARGE),)]


def test_storage_that_becomes_read_only_is_unavailable(
    path: Path, repository: SqlTaskRepository
) -> None:
    task = added(repository, new_task())
    repository._execute("PRAGMA query_only = 1")
    with pytest.raises(StorageUnavailableError):
        add_together(repository, new_task())
    with pytest.raises(StorageUnavailableError):
        repository.claim("one", FAR, 1)
    assert ask(path, "SELECT id, state FROM tasks") == [(str(task.id), "queued")]


def test_storage_that_stays_locked_is_unavailable(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tasks.repository.sqlite.BUSY_SECONDS", 0.05)
    with (
        closing(open_sqlite(path, "NORMAL")) as repository,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailableError):
            add_together(repository, new_task())
        other.execute("ROLLBACK")
        add_together(repository, new_task())


# several processes


def test_several_never_claim_the_same_attempt(path: Path, repository: TaskRepository) -> None:
    add_together(repository, *(new_task() for _ in range(200)))

    def claim_all(owner: str) -> list[Claim]:
        claims: list[Claim] = []
        with closing(open_sqlite(path, "NORMAL")) as own:
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
    with closing(open_sqlite(path, synchronous)) as repository:
        assert repository._execute("PRAGMA synchronous") == [(level,)]
        assert repository._execute("PRAGMA journal_mode") == [("wal",)]

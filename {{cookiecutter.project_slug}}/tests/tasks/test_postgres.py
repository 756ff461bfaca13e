"""The repository's promises, kept by a Postgres server of the tests' own."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from app.kit.start import StartError
from app.storage.database import StorageUnavailableError
from app.tasks.repository import TaskRepository, sql
from app.tasks.repository.database import SqlTaskRepository
from app.tasks.repository.postgres import open_postgres, prepared
from tests.tasks.helpers import FAR, added, found, new_task, wait_for
from tests.tasks.servers import Postgres, running
from tests.tasks.test_repository import *  # noqa: F403

pytestmark = pytest.mark.services

CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
)
EMPTY = "DROP TABLE IF EXISTS task_pieces, tasks, task_schema, more"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with running(Postgres, tmp_path_factory.mktemp("postgres")) as server:
        assert isinstance(server, Postgres)
        yield server


@pytest.fixture
def url(server: Postgres) -> str:
    """The address of a database without tables."""
    with psycopg.connect(server.url) as connection:
        connection.execute(EMPTY)
    return server.url


@pytest.fixture  # type: ignore[no-redef]
def repository(url: str) -> Iterator[SqlTaskRepository]:
    with closing(open_postgres(url)) as opened:
        yield opened


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def add_in_transaction(repository: TaskRepository) -> bool:
    """Whether the storage has taken a task."""
    try:
        with repository.transaction():
            repository.add([new_task(pieces=[b"input"])])
    except StorageUnavailableError:
        return False
    return True


def test_a_lost_connection_is_made_again(
    server: Postgres, repository: SqlTaskRepository, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "psycopg")
    task = added(repository, new_task())
    server.stop()
    try:
        for _ in range(3):
            assert not add_in_transaction(repository)
            with pytest.raises(StorageUnavailableError):
                repository.ping()
    finally:
        server.start()
    wait_for(lambda: add_in_transaction(repository))
    assert found(repository, task) == task
    assert len(repository.page(9, None, None, None)) == 2  # and nothing of what was refused


def test_a_connection_that_is_lost_in_mid_transaction_leaves_nothing(
    url: str, repository: SqlTaskRepository
) -> None:
    def add_and_lose_the_connection() -> None:
        with repository.transaction():
            repository.add([new_task(pieces=[b"input"])])
            ask(url, CUT_OFF)
            repository.add([new_task()])

    with pytest.raises(StorageUnavailableError):
        add_and_lose_the_connection()
    assert repository.page(9, None, None, None) == []
    assert ask(url, "SELECT * FROM task_pieces") == []


def test_what_breaks_off_leaves_nothing(url: str, repository: SqlTaskRepository) -> None:
    def add_and_break() -> None:
        with repository.transaction():
            repository.add([new_task(pieces=[b"input"])])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        add_and_break()
    assert ask(url, "SELECT * FROM tasks") == ask(url, "SELECT * FROM task_pieces") == []
    assert add_in_transaction(repository)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://user:hush@127.0.0.1:1/tasks", "Connection refused"),
        ("postgresql://user:hush@127.0.0.1:port/tasks", "invalid integer value"),
        ("postgresql://user:hu sh@127.0.0.1/tasks", "like postgresql://user:password@host"),
        ("postgres//user:hush@127.0.0.1/tasks", "like postgresql://user:password@host"),
        ("postgresql://user:%hush@127.0.0.1/tasks", "like postgresql://user:password@host"),
        ("hush", "like postgresql://user:password@host"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_one_line(url: str, why: str) -> None:
    with pytest.raises(StartError) as refused:
        open_postgres(url)
    message = str(refused.value)
    assert message.startswith("TASK_DATABASE_URL")
    assert why in message
    assert "\n" not in message
    assert "sh@" not in message
    assert "hush" not in message


def test_an_unknown_user_is_refused_in_one_line(server: Postgres) -> None:
    with pytest.raises(StartError, match=r'role "nobody" does not exist$'):
        open_postgres(server.url.replace("postgres@", "nobody@"))


def test_an_older_schema_is_brought_forward_and_keeps_its_tasks(
    url: str, repository: SqlTaskRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = added(repository, new_task())
    newer = (*sql.MIGRATIONS, ("CREATE TABLE more (x {real})",))
    with monkeypatch.context() as patched:
        patched.setattr("app.tasks.repository.database.MIGRATIONS", newer)
        with closing(open_postgres(url)) as upgraded:
            assert found(upgraded, task) == task
    assert ask(url, "SELECT version FROM task_schema") == [(2,)]
    with pytest.raises(StartError, match=r"schema 2, and this app knows 1\. Run the newer app"):
        open_postgres(url)


def test_many_may_open_a_new_database_at_once(server: Postgres) -> None:
    def open_and_add(url: str) -> bool:
        with closing(open_postgres(url)) as opened:
            return add_in_transaction(opened)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            with psycopg.connect(server.url) as connection:
                connection.execute(EMPTY)
            assert all(threads.map(open_and_add, [server.url] * 8))
            assert ask(server.url, "SELECT version FROM task_schema") == [(1,)]
            assert ask(server.url, "SELECT COUNT(*) FROM tasks") == [(8,)]


def test_several_never_claim_the_same_attempt(url: str, repository: SqlTaskRepository) -> None:
    repository.add([new_task() for _ in range(200)])

    def claim_all(owner: str) -> list[str]:
        claims: list[str] = []
        with closing(open_postgres(url)) as own:
            while some := own.claim(owner, FAR, 3):
                assert len(some) <= 3
                claims += [claim.id for claim in some]
        return claims

    with ThreadPoolExecutor(4) as threads:
        claims = [c for some in threads.map(claim_all, ["a", "b", "c", "d"]) for c in some]
    assert len(claims) == len(set(claims)) == 200


def test_no_more_are_claimed_than_the_limit_whatever_the_plan(
    url: str, repository: SqlTaskRepository
) -> None:
    repository.add([new_task() for _ in range(20)])
    values = {"owner": "one", "lease": FAR, "limit": 2}
    with psycopg.connect(url) as connection:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
            connection.execute(f"SET enable_{way} = off".encode())
        claims = connection.execute(prepared(sql.CLAIM_DUE).encode(), values).fetchall()
    assert len(claims) == 2


def test_the_same_key_in_two_processes_gives_one_task(
    url: str, repository: SqlTaskRepository
) -> None:
    key = str(uuid4())

    def add(_: int) -> str:
        with closing(open_postgres(url)) as own, own.transaction():
            return str(added(own, new_task(key=key)).id)

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(add, range(12)))) == 1
    assert len(repository.page(20, None, None, None)) == 1

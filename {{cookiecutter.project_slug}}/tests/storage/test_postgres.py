"""The storage in Postgres: lost connections, several processes, and wrong addresses."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from app.kit.start import StartError
from app.storage.connection import StorageUnavailableError
from app.storage.postgres import prepare
from app.tasks import sql
from app.tasks.migrations import MIGRATIONS
from app.tasks.store import TaskStore
from tests.servers import Postgres
from tests.storage.postgres import EMPTY, opened, opened_postgres_tasks, server, url
from tests.tasks.helpers import FAR, Tasks, added, found, new_task, wait_for

__all__ = ["server", "url"]  # fixtures

pytestmark = pytest.mark.services

CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
)
SCHEMA = "SELECT version FROM schema_versions WHERE feature = 'tasks'"


@pytest.fixture
def tasks(url: str) -> Iterator[Tasks]:
    with opened_postgres_tasks(url) as tasks:
        yield tasks


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def is_added(tasks: Tasks) -> bool:
    """Tell whether the storage accepts a task."""
    try:
        added(tasks, new_task(pieces=[b"input"]))
    except StorageUnavailableError:
        return False
    return True


def test_a_lost_connection_is_made_again(
    server: Postgres, tasks: Tasks, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "psycopg")
    task = added(tasks, new_task())
    server.stop()
    try:
        for _ in range(3):
            assert not is_added(tasks)
            with pytest.raises(StorageUnavailableError):
                tasks.page(1, None, None, None)
    finally:
        server.start()
    wait_for(lambda: is_added(tasks))
    assert found(tasks, task) == task
    assert len(tasks.page(9, None, None, None)) == 2  # and nothing that was refused


def test_a_connection_that_is_lost_in_mid_transaction_leaves_nothing(
    url: str, tasks: Tasks
) -> None:
    def add_and_lose_the_connection() -> None:
        TaskStore.add.function(tasks.store, [new_task(pieces=[b"input"])])
        ask(url, CUT_OFF)
        TaskStore.add.function(tasks.store, [new_task()])

    with pytest.raises(StorageUnavailableError):
        tasks.run(add_and_lose_the_connection)
    assert tasks.page(9, None, None, None) == []
    assert ask(url, "SELECT * FROM task_pieces") == []


def test_what_breaks_off_leaves_nothing(url: str, tasks: Tasks) -> None:
    def add_and_break() -> None:
        TaskStore.add.function(tasks.store, [new_task(pieces=[b"input"])])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tasks.run(add_and_break)
    assert ask(url, "SELECT * FROM tasks") == ask(url, "SELECT * FROM task_pieces") == []
    assert is_added(tasks)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://user:hush@127.0.0.1:1/tasks", "Connection refused"),
        ("postgresql://user:hush@127.0.0.1:port/tasks", "invalid integer value"),
        ("postgresql://user:hu sh@127.0.0.1/tasks", "like postgresql://user:password@host"),
        ("postgresql://user:%hush@127.0.0.1/tasks", "like postgresql://user:password@host"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_one_line(url: str, why: str) -> None:
    with pytest.raises(StartError) as refused, opened(url):
        pass
    message = str(refused.value)
    assert message.startswith("DATABASE_URL")
    assert why in message
    assert "\n" not in message
    assert "sh@" not in message
    assert "hush" not in message


def test_an_unknown_user_is_refused_in_one_line(server: Postgres) -> None:
    url = server.url.replace("postgres@", "nobody@")
    with pytest.raises(StartError, match=r'role "nobody" does not exist$'), opened(url):
        pass


def test_a_database_that_cannot_hold_every_text_is_refused(server: Postgres) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS latin")
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        latin = server.url.rpartition("/")[0] + "/latin"
        with pytest.raises(StartError, match="is in LATIN1, which cannot hold"), opened(latin):
            pass
        connection.execute("DROP DATABASE latin")


def test_an_older_schema_is_brought_forward_and_keeps_its_tasks(url: str, tasks: Tasks) -> None:
    task = added(tasks, new_task())
    with opened(url) as upgraded:
        upgraded.migrate("tasks", (*MIGRATIONS, ("CREATE TABLE more (x {real})",)))
    assert found(tasks, task) == task
    assert ask(url, SCHEMA) == [(len(MIGRATIONS) + 1,)]
    with (
        pytest.raises(StartError, match=r"but this app knows only \d\. Run the newer app"),
        opened_postgres_tasks(url),
    ):
        pass


def test_many_may_open_a_new_database_at_once(server: Postgres) -> None:
    def open_and_add(url: str) -> bool:
        with opened_postgres_tasks(url) as tasks:
            return is_added(tasks)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            with psycopg.connect(server.url) as connection:
                connection.execute(EMPTY)
            assert all(threads.map(open_and_add, [server.url] * 8))
            assert ask(server.url, SCHEMA) == [(len(MIGRATIONS),)]
            assert ask(server.url, "SELECT COUNT(*) FROM tasks") == [(8,)]


def test_several_never_claim_the_same_attempt(url: str, tasks: Tasks) -> None:
    tasks.add([new_task() for _ in range(200)])

    def claim_all(owner: str) -> list[str]:
        claims: list[str] = []
        with opened_postgres_tasks(url) as own:
            while some := own.claim(owner, FAR, 3):
                assert len(some) <= 3
                claims += [claim.id for claim in some]
        return claims

    with ThreadPoolExecutor(4) as threads:
        claims = [c for some in threads.map(claim_all, ["a", "b", "c", "d"]) for c in some]
    assert len(claims) == len(set(claims)) == 200


def test_no_more_are_claimed_than_the_limit_whatever_the_plan(url: str, tasks: Tasks) -> None:
    tasks.add([new_task() for _ in range(20)])
    values = {"owner": "one", "lease": FAR, "limit": 2, "rows": tasks.store._known}
    with psycopg.connect(url) as connection:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
            connection.execute(f"SET enable_{way} = off".encode())
        claims = connection.execute(prepare(sql.CLAIM_DUE), values).fetchall()
    assert len(claims) == 2


def test_the_same_key_in_two_processes_gives_one_task(url: str, tasks: Tasks) -> None:
    key = str(uuid4())

    def add(_: int) -> str:
        with opened_postgres_tasks(url) as own:
            return str(added(own, new_task(key=key)).id)

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(add, range(12)))) == 1
    assert len(tasks.page(20, None, None, None)) == 1

"""A Postgres that falls silent, is replaced, drops connections, or stands behind PgBouncer."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.storage.calls import Call
from app.storage.connection import StorageUnavailableError
from app.storage.postgres import PAUSE_SECONDS
from tests.conftest import serve
from tests.fakes import FLOWER
from tests.servers import PgBouncer, Postgres
from tests.storage.postgres import opened_postgres_tasks, server, url
from tests.storage.test_postgres import is_added
from tests.tasks.helpers import Tasks, added, found, new_task, wait_for

__all__ = ["server", "url"]  # fixtures

pytestmark = pytest.mark.services

SECONDS = 1.0
MARGIN_SECONDS = 10  # on a busy machine
OWN = "SELECT pg_backend_pid()"
OTHERS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@pytest.fixture
def tasks(url: str) -> Iterator[Tasks]:
    with opened_postgres_tasks(url, storage_seconds=SECONDS) as tasks:
        yield tasks


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def session(tasks: Tasks, *, reads: bool) -> int:
    """Return the number of the server's process that reads, or writes, for this storage."""
    call = Call(partial(tasks.storage.connection.execute, OWN), reads=reads)
    rows: Any = tasks.storage.wait_for(call)
    return int(rows[0][0])


def is_read(tasks: Tasks) -> bool:
    """Tell whether tasks can be read."""
    try:
        tasks.store.page.sync(9, None, None, None)
    except StorageUnavailableError:
        return False
    return True


def test_a_server_that_is_frozen_is_given_up_and_does_not_keep_the_app_from_stopping(
    server: Postgres, url: str, tmp_path: Path
) -> None:
    variables = {"DATABASE_URL": url, "STORAGE_SECONDS": str(SECONDS), "SHUTDOWN_SECONDS": "1"}
    with serve(tmp_path, **variables) as (client, process), ThreadPoolExecutor(20) as threads:
        stored = client.post("/v1/predictions", json=FLOWER).json()
        path = f"/v1/predictions/{stored['id']}"

        def ask_while_frozen(number: int) -> int:
            asked = [("POST", "/v1/predictions"), ("GET", path), ("GET", "/health/ready")]
            return client.request(*asked[number % 3], json=FLOWER).status_code

        with server.frozen():
            for _ in range(2):  # the first ones lose the connection, the others find none
                began = time.monotonic()
                assert set(threads.map(ask_while_frozen, range(20))) == {503}
                assert time.monotonic() - began < SECONDS + MARGIN_SECONDS
            assert client.get("/health/live").status_code == 200
        wait_for(lambda: client.get("/health/ready").status_code == 200)
        assert client.post("/v1/predictions", json=FLOWER).status_code == 201
        assert client.get(path).json() == stored
        with server.frozen():
            process.terminate()
            process.wait(1 + SECONDS + MARGIN_SECONDS)


def test_tasks_outlast_a_server_that_is_frozen_for_longer_than_a_lease(
    server: Postgres, url: str, tmp_path: Path
) -> None:
    """None is run twice, by its own process or the other one; and none is charged."""
    note, lease = tmp_path / "note", 2
    variables = {"DATABASE_URL": url, "STORAGE_SECONDS": str(SECONDS), "TASK_CONCURRENCY": "2"}
    variables |= {"TASK_LEASE_SECONDS": str(lease), "TASK_POLL_SECONDS": "0.1"}
    variables |= {"TASK_MAX_ATTEMPTS": "1"}
    service = "tests.tasks.served"
    with serve(tmp_path, service, **variables) as (one, _), serve(tmp_path, service, **variables):
        for seconds in [6 * lease] * 4 + [0] * 4:  # four run, and four wait
            block = {"path": str(note), "seconds": seconds}
            assert one.post("/v1/tasks/note_and_block", json=block).status_code == 202
        wait_for(lambda: note.exists() and len(note.read_text().split()) == 4)
        with server.frozen():
            time.sleep(2 * lease)
        ended = "SELECT state, attempts FROM tasks WHERE finished_at IS NOT NULL"
        wait_for(lambda: len(ask(url, ended)) == 8)
    assert set(ask(url, ended)) == {("succeeded", 1)}
    assert note.read_text() == "started\n" * 8


def test_a_session_that_falls_silent_is_left_for_a_new_one(tasks: Tasks) -> None:
    """So it is when the peer of a connection is gone: what is sent gets no answer."""
    frozen = [session(tasks, reads=reads) for reads in (True, False)]
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    try:
        wait_for(lambda: is_added(tasks))
        wait_for(lambda: is_read(tasks))
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)


def test_a_server_that_became_read_only_is_left_for_its_successor(tasks: Tasks) -> None:
    """An old primary goes on behind the same address; a new connection reaches the new one."""
    task = added(tasks, new_task())
    before = session(tasks, reads=True), session(tasks, reads=False)
    read_only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
    tasks.storage.wait_for(Call(partial(tasks.storage.connection.execute, read_only)))
    with pytest.raises(StorageUnavailableError) as refused:
        added(tasks, new_task())
    assert isinstance(refused.value.__cause__, psycopg.errors.ReadOnlySqlTransaction)
    added(tasks, new_task())
    assert found(tasks, task) == task
    assert session(tasks, reads=True) not in before  # or it would read what the old one has
    assert session(tasks, reads=False) not in before


def test_a_connection_that_was_lost_while_idle_costs_no_request(url: str, tasks: Tasks) -> None:
    """So it is after a restart of the server, a failover, or its idle_session_timeout."""
    for _ in range(2):
        time.sleep(2 * PAUSE_SECONDS)  # a younger connection is not made again at once
        task = added(tasks, new_task())
        assert len(ask(url, f"SELECT pg_terminate_backend(pid) {OTHERS}")) == 2
        assert found(tasks, task) == task
        added(tasks, new_task())


REFUSALS = [("NOLOGIN", "LOGIN"), ("CONNECTION LIMIT 0", "CONNECTION LIMIT -1")]


@pytest.mark.parametrize(("refuse", "accept"), REFUSALS)
def test_who_is_refused_by_the_server_is_told_and_goes_on_once_it_is_accepted(
    url: str, refuse: str, accept: str
) -> None:
    """So it is with a password that was changed, too: only a new connection needs it."""
    ask(url, "CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app")
    try:
        with opened_postgres_tasks(url.replace("postgres@", "app@")) as tasks:
            task = added(tasks, new_task())
            ask(url, f"ALTER ROLE app {refuse}")
            assert found(tasks, task) == task
            ask(url, f"SELECT pg_terminate_backend(pid) {OTHERS}")
            for _ in range(3):
                assert not is_added(tasks)
                assert not is_read(tasks)
            ask(url, f"ALTER ROLE app {accept}")
            wait_for(lambda: is_added(tasks))
            assert found(tasks, task) == task
    finally:
        ask(url, "DROP OWNED BY app; DROP ROLE app")


@pytest.mark.anyio
async def test_a_server_without_room_for_a_file_is_not_ready(url: str, tasks: Tasks) -> None:
    """On a full disk, an update still finds room where the row was, but an insert does not."""
    await tasks.storage.ping()
    try:
        ask(url, "ALTER ROLE postgres SET temp_file_limit = 0")
        ask(url, f"SELECT pg_terminate_backend(pid) {OTHERS}")
        with pytest.raises(StorageUnavailableError) as refused:
            await tasks.storage.ping()
        assert isinstance(refused.value.__cause__, psycopg.errors.ConfigurationLimitExceeded)
    finally:
        ask(url, "ALTER ROLE postgres RESET temp_file_limit")
    await tasks.storage.ping()


@pytest.mark.parametrize("reads", [True, False])
def test_a_full_disk_costs_no_connection(tasks: Tasks, reads: bool) -> None:
    """Each call of a group is told by itself; to connect again for each would take too long."""
    before = [session(tasks, reads=each) for each in (True, False)]
    full = partial(tasks.storage.connection.execute, "DO 'BEGIN RAISE disk_full; END'")
    for _ in range(2):
        with pytest.raises(StorageUnavailableError) as refused:
            tasks.storage.wait_for(Call(full, reads=reads))
        assert isinstance(refused.value.__cause__, psycopg.errors.DiskFull)
    assert [session(tasks, reads=each) for each in (True, False)] == before


@pytest.mark.anyio
async def test_while_another_locks_a_table_callers_are_told_and_nothing_is_left_behind(
    url: str, tasks: Tasks
) -> None:
    task = await tasks.store.add(new_task())
    with closing(psycopg.connect(url)) as other:
        other.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
        for waiting in (tasks.store.add(new_task()), tasks.store.get(task.id)):
            with pytest.raises(StorageUnavailableError):
                await waiting
        still = f"SELECT pid {OTHERS} AND wait_event_type = 'Lock'"
        await asyncio.to_thread(wait_for, lambda: not ask(url, still))
    await asyncio.to_thread(wait_for, lambda: is_read(tasks))
    assert await tasks.store.page(9, None, None, None) == [task]


def test_behind_pgbouncer_nobody_reaches_the_statement_of_another(
    server: Postgres, url: str, tmp_path: Path
) -> None:
    """Two sessions are shared by four storages, and each transaction may get the other one."""
    with closing(PgBouncer(server, tmp_path)) as bouncer, ThreadPoolExecutor(4) as threads:

        def add_and_find(_: int) -> None:
            with opened_postgres_tasks(bouncer.url) as tasks:
                for _ in range(20):
                    task = added(tasks, new_task())
                    assert found(tasks, task) == task
                    tasks.store.cancel.sync(task.id)
                    asyncio.run(tasks.storage.ping())

        list(threads.map(add_and_find, range(4)))
    assert ask(url, "SELECT COUNT(*) FROM tasks WHERE state = 'cancelled'") == [(80,)]

"""What tasks survive, with real processes and real signals."""

import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import end, free_port, serve, start, wait_until_live
from tests.fakes import HEADER, csv_row

FAST = {
    "TASK_LEASE_SECONDS": "1",
    "TASK_POLL_SECONDS": "0.1",
    "TASK_MAX_ATTEMPTS": "100",
    "TASK_BACKOFF_SECONDS": "0.01",
    "SHUTDOWN_SECONDS": "2",
    "MODELS": "tests.tasks.kinds:SLOW",
    "ACCESS_LOG": "false",
}
LONGEST_SECONDS = 60
SERVED = "tests.tasks.served"
WATCH_FINISHES = """
    CREATE TABLE finishes (id TEXT);
    CREATE TRIGGER note_finish AFTER UPDATE OF state ON tasks WHEN NEW.finished_at IS NOT NULL
    BEGIN INSERT INTO finishes VALUES (NEW.id); END;
"""

Server = tuple[httpx2.Client, "subprocess.Popen[str]"]


def submit(client: httpx2.Client, kind: str = "wait", **payload: object) -> str:
    """Submit a task and return its id."""
    answer = client.post(f"/v1/tasks/{kind}", json=payload)
    assert answer.status_code == 202, answer.text
    task_id: str = answer.json()["id"]
    return task_id


def read(client: httpx2.Client, task_id: str) -> dict[str, Any]:
    """Return the task with this id."""
    task: dict[str, Any] = client.get(f"/v1/tasks/{task_id}").raise_for_status().json()
    return task


def wait_for(what: Callable[[], bool]) -> None:
    """Return once this is true."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not what():
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.05)


def wait_for_state(client: httpx2.Client, task_id: str, *states: str) -> dict[str, Any]:
    """Return the task once it is in one of these states."""
    wait_for(lambda: read(client, task_id)["state"] in states)
    return read(client, task_id)


def read_state(client: httpx2.Client, task_id: str) -> str:
    """Return the state of the task; nothing if the service has just ended."""
    with suppress(httpx2.TransportError):
        return str(read(client, task_id)["state"])
    return ""


def rows(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    """Run a query on the database of the tasks, and return its rows."""
    with closing(sqlite3.connect(folder / "app.sqlite3", timeout=30)) as database:
        return database.execute(statement).fetchall()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Run two processes that share a database."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(serve(tmp_path, SERVED, **FAST)) for _ in range(2))
        yield one, other


class Cluster:
    """Two processes; now one and now the other is killed and restarted while clients call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = [free_port(), free_port()]
        self.processes = [self._start(port) for port in self.ports]
        self.accepted: list[str] = []
        self.closing = False

    def _start(self, port: int) -> "subprocess.Popen[str]":
        process = start(self.folder, SERVED, PORT=str(port), **FAST)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_live(client, process)
        return process

    def call(self) -> None:
        """Submit tasks to either one until the end; record those that were accepted."""
        with httpx2.Client(timeout=10) as client:
            while not self.closing:
                url = f"http://127.0.0.1:{random.choice(self.ports)}/v1/tasks/wait"
                try:
                    answer = client.post(url, json={"seconds": random.choice([0, 0.05, 0.3])})
                except httpx2.TransportError:
                    time.sleep(0.05)
                    continue
                assert answer.status_code == 202, answer.text
                self.accepted.append(answer.json()["id"])
                time.sleep(0.02)

    def kill_one(self) -> None:
        """Kill either process as the system would, and start another one instead."""
        which = random.randrange(2)
        self.processes[which].kill()
        self.processes[which].communicate(timeout=30)
        self.processes[which] = self._start(self.ports[which])

    def close(self) -> None:
        """Stop both."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            end(process)


def test_every_accepted_task_survives_kills_at_random_and_finishes_once(tmp_path: Path) -> None:
    with closing(Cluster(tmp_path)) as cluster, ThreadPoolExecutor(4) as pool:
        with closing(sqlite3.connect(tmp_path / "app.sqlite3")) as database:
            database.executescript(WATCH_FINISHES)
        calls = [pool.submit(cluster.call) for _ in range(4)]
        for _ in range(5):
            time.sleep(0.7)
            cluster.kill_one()
        cluster.closing = True
        for call in calls:
            call.result()
        open_tasks = "SELECT id FROM tasks WHERE finished_at IS NULL"
        wait_for(lambda: not rows(tmp_path, open_tasks))
    ended = dict(rows(tmp_path, "SELECT id, state FROM tasks"))
    assert len(cluster.accepted) > 50
    assert {ended.get(task_id) for task_id in cluster.accepted} == {"succeeded"}
    finishes = rows(tmp_path, "SELECT id, COUNT(*) FROM finishes GROUP BY id")
    assert {count for _, count in finishes} == {1}
    assert max(count for (count,) in rows(tmp_path, "SELECT attempts FROM tasks")) > 1


def test_a_stop_drains_what_is_short_and_hands_back_the_rest_for_free(tmp_path: Path) -> None:
    with serve(tmp_path, SERVED, **FAST) as (client, process):
        short = submit(client, seconds=0.8)
        long = submit(client, seconds=600)
        blocked = submit(client, "note_and_block", path=str(tmp_path / "note"), seconds=600)
        waiting = [submit(client, seconds=600) for _ in range(4)]
        for task_id in (short, long, blocked):
            wait_for_state(client, task_id, "running")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    ended = {row[0]: row[1:] for row in rows(tmp_path, "SELECT id, state, attempts FROM tasks")}
    assert ended.pop(short) == ("succeeded", 1)
    assert ended == dict.fromkeys([long, blocked, *waiting], ("queued", 0))


def test_what_was_handed_back_runs_in_the_next_process(tmp_path: Path) -> None:
    with serve(tmp_path, SERVED, **FAST) as (client, _):
        task_id = submit(client, "note_and_block", path=str(tmp_path / "note"), seconds=4)
        wait_for_state(client, task_id, "running")
    with serve(tmp_path, SERVED, **FAST) as (client, _):
        assert wait_for_state(client, task_id, "succeeded")["attempts"] == 1
    assert (tmp_path / "note").read_text() == "started\n" * 2


def test_an_open_event_stream_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    patient = {**FAST, "SHUTDOWN_SECONDS": "600"}
    with serve(tmp_path, SERVED, **patient) as (client, process):
        task_id = submit(client, seconds=1.5)
        with client.stream("GET", f"/v1/tasks/{task_id}/events") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("event: ")
            process.send_signal(signal.SIGTERM)
            assert "event: succeeded" not in list(lines)
        process.communicate(timeout=30)
    assert rows(tmp_path, "SELECT state FROM tasks") == [("succeeded",)]


def test_a_task_is_cancelled_from_the_other_process(pair: tuple[Server, Server]) -> None:
    (one, _), (other, _) = pair
    ids = [submit(one, seconds=600) for _ in range(4)]
    for task_id in ids:
        wait_for_state(one, task_id, "running")
        for client in (one, other):
            assert client.delete(f"/v1/tasks/{task_id}").json()["cancel_requested"]
    for task_id in ids:
        assert wait_for_state(other, task_id, "cancelled")["attempts"] == 1


def test_fifty_requests_with_one_key_make_one_task(pair: tuple[Server, Server]) -> None:
    headers = {"Idempotency-Key": "an-order-of-mine"}

    def post(number: int) -> str:
        client = pair[number % 2][0]
        answer = client.post("/v1/tasks/wait", json={"seconds": 0}, headers=headers)
        assert answer.status_code == 202
        task_id: str = answer.json()["id"]
        return task_id

    with ThreadPoolExecutor(25) as pool:
        (task_id,) = set(pool.map(post, range(50)))
    assert wait_for_state(pair[0][0], task_id, "succeeded")["attempts"] == 1
    other = pair[1][0].post("/v1/tasks/wait", json={"seconds": 1}, headers=headers)
    assert other.status_code == 409


@pytest.mark.parametrize("kind", ["note_and_block", "note_and_block_the_loop"])
def test_a_task_that_blocks_for_three_leases_runs_once(
    kind: str, pair: tuple[Server, Server], tmp_path: Path
) -> None:
    clients = [client for client, _ in pair]
    task_id = submit(clients[0], kind, path=str(tmp_path / "note"), seconds=3)
    statement = f"SELECT state, attempts FROM tasks WHERE id = '{task_id}'"
    wait_for(lambda: rows(tmp_path, statement) == [("succeeded", 1)])
    assert (tmp_path / "note").read_text() == "started\n"


def test_a_task_that_kills_its_process_ends_dead_and_stops_no_other(tmp_path: Path) -> None:
    variables = {**FAST, "TASK_MAX_ATTEMPTS": "2", "TASK_CONCURRENCY": "1"}
    note = str(tmp_path / "note")
    with serve(tmp_path, SERVED, **variables) as (client, process):
        poison = submit(client, "kill_the_process", path=note, seconds=0.3)
        other = submit(client, seconds=0)
        process.wait(timeout=30)
    with serve(tmp_path, SERVED, **variables) as (client, process):
        process.wait(timeout=30)
    with serve(tmp_path, SERVED, **variables) as (client, _):
        task = wait_for_state(client, poison, "dead")
        assert wait_for_state(client, other, "succeeded")["attempts"] == 1
    assert task["attempts"] == 2
    assert task["problem"]["type"] == "urn:problem:WorkerLost"


def test_a_task_that_kills_its_process_takes_no_other_with_it(tmp_path: Path) -> None:
    variables = {**FAST, "TASK_MAX_ATTEMPTS": "1", "TASK_CONCURRENCY": "4"}
    note = str(tmp_path / "note")
    with serve(tmp_path, SERVED, **variables) as (client, process):
        others = [submit(client, seconds=1) for _ in range(2)]
        poison = submit(client, "kill_the_process", path=note, seconds=0.3)
        process.wait(timeout=30)
    lives = 1
    while True:  # twice beside others, then alone
        with serve(tmp_path, SERVED, **variables) as (client, process):
            wait_for(lambda: process.poll() is not None or read_state(client, poison) == "dead")
            if process.poll() is None:
                ended = [wait_for_state(client, task_id, "succeeded") for task_id in others]
                dead = read(client, poison)
                break
        lives += 1
    assert lives == dead["attempts"] == 3
    assert dead["problem"]["type"] == "urn:problem:WorkerLost"
    assert {task["attempts"] for task in ended} == {3}


def test_a_process_that_was_suspended_goes_on_with_its_own_tasks(tmp_path: Path) -> None:
    variables = {**FAST, "TASK_POLL_SECONDS": "0.05", "TASK_CONCURRENCY": "4"}
    note = str(tmp_path / "note")
    with serve(tmp_path, SERVED, **variables) as (client, process):
        ids = [submit(client, "note_and_block", path=note, seconds=2) for _ in range(4)]
        for task_id in ids:
            wait_for_state(client, task_id, "running")
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.2)  # longer than a lease
        process.send_signal(signal.SIGCONT)
        done = [wait_for_state(client, task_id, "succeeded") for task_id in ids]
    assert {task["attempts"] for task in done} == {1}
    assert (tmp_path / "note").read_text() == "started\n" * 4


def test_an_older_app_leaves_alone_what_it_does_not_know(tmp_path: Path) -> None:
    note = str(tmp_path / "note")
    idle = {**FAST, "TASK_POLL_SECONDS": "60", "TASK_CONCURRENCY": "1"}
    with serve(tmp_path, SERVED, **idle) as (newer, _):
        ids = [submit(newer, "note_and_block", path=note, seconds=2)]
        ids += [submit(newer, "of_a_newer_app", path=note) for _ in range(8)]
        with serve(tmp_path, "app", **FAST) as (older, _):
            known = [submit(older, seconds=0) for _ in range(8)]
            for task_id in known:
                wait_for_state(older, task_id, "succeeded")
            assert {read(older, task_id)["attempts"] for task_id in ids[1:]} <= {0, 1}
            for task_id in ids:
                assert wait_for_state(older, task_id, "succeeded")["attempts"] == 1


def test_tasks_run_on_after_some_that_panicked(tmp_path: Path) -> None:
    variables = {**FAST, "TASK_MAX_ATTEMPTS": "1"}
    note = str(tmp_path / "note")
    with serve(tmp_path, SERVED, **variables) as (client, _):
        for task_id in [submit(client, "panic", path=note) for _ in range(8)]:
            assert wait_for_state(client, task_id, "dead")["attempts"] == 1
        wait_for_state(client, submit(client, seconds=0), "succeeded")


def test_a_batch_goes_on_after_a_kill_where_it_was(tmp_path: Path) -> None:
    header = f"id,{HEADER}"
    lines = [f"{n},{csv_row(sepal_length_cm=4 + n % 4)}" for n in range(40_000)]
    upload = {"file": ("flowers.csv", "\n".join([header, *lines]))}
    with serve(tmp_path, SERVED, **FAST) as (client, process):
        task_id = client.post("/v1/tasks/batch-prediction", files=upload).json()["id"]
        wait_for(lambda: read(client, task_id)["progress"] >= 0.25)
        process.kill()
    [(saved,)] = rows(tmp_path, "SELECT COUNT(*) FROM task_pieces WHERE name = 'result'")
    with serve(tmp_path, SERVED, **FAST) as (client, _):
        first = read(client, task_id)["progress"]
        task = wait_for_state(client, task_id, "succeeded")
        result = client.get(f"/v1/tasks/{task_id}/result").text.splitlines()
    assert first >= saved / 40
    assert 10 <= saved < 40
    assert (task["attempts"], task["progress"]) == (2, 1)
    answers = ["short,0.750000,0.250000"] * 3 + ["long,0.250000,0.750000"]
    assert result[0] == f"{header},label,probability_short,probability_long"
    assert result[1:] == [f"{line},{answers[n % 4]}" for n, line in enumerate(lines)]


def test_a_full_disk_is_a_clear_answer_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="not on Windows")
    with serve(tmp_path, SERVED, **FAST) as (client, process):
        submit(client, seconds=0)
        before = client.get("/v1/tasks").json()["items"]
        largest = max(path.stat().st_size for path in tmp_path.iterdir())
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
        lines = [f"{random.randbytes(40).hex()},{csv_row()}" for _ in range(8_000)]
        upload = {"file": ("flowers.csv", "\n".join([f"note,{HEADER}", *lines]))}
        answer = client.post("/v1/tasks/batch-prediction", files=upload)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"]
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
        after = client.get("/v1/tasks").json()["items"]
        assert [task["id"] for task in after] == [task["id"] for task in before]
        task_id = client.post("/v1/tasks/batch-prediction", files=upload).json()["id"]
        wait_for_state(client, task_id, "succeeded")
    assert rows(tmp_path, "SELECT DISTINCT task_id FROM task_pieces") == [(task_id,)]


def test_a_database_of_a_newer_app_is_refused_at_the_start(tmp_path: Path) -> None:
    with serve(tmp_path, SERVED, **FAST):
        pass
    with closing(sqlite3.connect(tmp_path / "app.sqlite3")) as database, database:
        database.execute("UPDATE schema_versions SET version = 99 WHERE feature = 'tasks'")
    process = start(tmp_path, SERVED, **FAST)
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "the tasks there have schema 99" in printed
    assert "Traceback" not in printed


def test_a_place_where_nothing_can_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    process = start(tmp_path, SERVED, **{**FAST, "DATABASE_URL": "sqlite:////proc/app.sqlite3"})
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "DATABASE_URL: /proc/app.sqlite3 cannot be used" in printed
    assert "Traceback" not in printed

"""Celery workers in processes of their own, and what they share: a Redis, a Postgres, settings."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx2
import pytest

from tests.conftest import kill_group, start
from tests.servers import Postgres, Redis, running
from tests.tasks.test_survival import FAST, wait_for, wait_for_state


@contextmanager
def worker(folder: Path, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a Celery worker in its own process group; kill it if it does not stop."""
    process = start(folder, "tests.tasks.served_worker", **variables)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            kill_all(process)


def kill_all(process: "subprocess.Popen[str]") -> None:
    """Kill a worker and the processes that it forked."""
    kill_group(process)
    process.communicate(timeout=30)


def children(process: "subprocess.Popen[str]") -> list[int]:
    """Return the processes that a worker forked."""
    command = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def replace_children(process: "subprocess.Popen[str]", *kept: int) -> list[int]:
    """Kill the processes that a worker forked, but those; return what it forks instead."""
    killed = set(children(process)) - set(kept)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(set(children(process)) - killed) == len(killed) + len(kept))
    return [pid for pid in children(process) if pid not in killed]


def runs(pid: int) -> bool:
    """Tell whether a process runs; one that has ended may still have its number."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return bool(state) and not state.startswith("Z")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    (tmp_path / "redis").mkdir()
    with running(Redis, tmp_path / "redis") as server:
        yield server


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    (tmp_path / "postgres").mkdir()
    with running(Postgres, tmp_path / "postgres") as server:
        yield server


@pytest.fixture
def variables(redis: Redis) -> dict[str, str]:
    """Return the settings of an API and its workers, which share a SQLite file."""
    return {**FAST, "TASK_ENGINE": "celery", "TASK_BROKER_URL": redis.url, "TASK_CONCURRENCY": "2"}


class Load:
    """Submits tasks in the background without a pause, until it is closed."""

    def __init__(self, client: httpx2.Client) -> None:
        self.accepted: list[str] = []
        self.refused: list[httpx2.Response] = []
        self._client = client
        self._closing = Event()
        self._pool = ThreadPoolExecutor(1)
        self._calls = self._pool.submit(self._call)

    def _call(self) -> None:
        while not self._closing.wait(0.02):
            answer = self._client.post("/v1/tasks/wait", json={"seconds": 0.05})
            if answer.status_code == 202:
                self.accepted.append(answer.json()["id"])
            else:
                self.refused.append(answer)
                time.sleep(0.1)

    def close(self) -> None:
        """Stop, and raise what went wrong."""
        self._closing.set()
        self._calls.result()
        self._pool.shutdown()


def all_succeed(client: httpx2.Client, ids: list[str]) -> None:
    """Wait until every one of these tasks has succeeded."""
    for task_id in ids:
        assert (
            wait_for_state(client, task_id, "succeeded", "dead", "failed")["state"] == "succeeded"
        )

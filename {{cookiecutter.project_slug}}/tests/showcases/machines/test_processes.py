"""Machines in several real processes, which share one database; one of them is killed."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.conftest import kill_group, serve
from tests.showcases.machines.cloud import Cloud, Inside
from tests.showcases.machines.test_start import GPU, START
from tests.tasks.helpers import wait_for

AT_ONCE = 30  # requests to each process
FAST = {
    "MACHINES_POLL_SECONDS": "0.05",
    "TASK_POLL_SECONDS": "0.05",
    "TASK_LEASE_SECONDS": "0.5",
    "ACCESS_LOG": "false",
}


@pytest.fixture
def machine(instance: str, inside: Inside) -> dict[str, str]:
    """Return the variables of a process that has this machine."""
    return {**FAST, "MACHINES": f"gpu={instance}@{inside.url}"}


@contextmanager
def two_processes(folder: Path, variables: dict[str, str]) -> Iterator[list[httpx2.Client]]:
    """Run two services on one database."""
    with ExitStack() as stack:
        yield [stack.enter_context(serve(folder, **variables))[0] for _ in range(2)]


def ask_at_once(clients: list[httpx2.Client]) -> list[httpx2.Response]:
    """Ask every process for a start, many times at the same moment."""
    asked = clients * AT_ONCE
    with ThreadPoolExecutor(len(asked)) as threads:
        return list(threads.map(lambda client: client.post(START), asked))


def test_many_who_ask_two_processes_at_once_make_one_start(
    tmp_path: Path, machine: dict[str, str], cloud: Cloud, inside: Inside
) -> None:
    with two_processes(tmp_path, machine) as clients:
        answers = ask_at_once(clients)
        assert Counter(answer.status_code for answer in answers) == {202: 2 * AT_ONCE}
        assert len({answer.headers["Location"] for answer in answers}) == 1
        inside.status = 200
        for client in clients:
            assert client.post(START, params={"wait": 30}).status_code == 200
            assert client.get(GPU).json()["state"] == "running"
    assert cloud.count("StartInstances") == 1


def test_whoever_waits_in_either_process_is_answered_when_it_runs(
    tmp_path: Path, machine: dict[str, str], cloud: Cloud, inside: Inside
) -> None:
    with two_processes(tmp_path, machine) as clients, ThreadPoolExecutor(8) as threads:
        held = [threads.submit(client.post, START, params={"wait": 30}) for client in clients * 4]
        wait_for(lambda: inside.asked)
        inside.status = 200
        answers = [answer.result() for answer in held]
    assert {(a.status_code, a.json()["state"]) for a in answers} == {(200, "running")}
    assert cloud.count("StartInstances") == 1


def test_a_start_survives_the_process_that_began_it(
    tmp_path: Path, machine: dict[str, str], cloud: Cloud, inside: Inside
) -> None:
    with serve(tmp_path, **machine) as (client, process):
        task = client.post(START).headers["Location"]
        wait_for(lambda: inside.asked)
        kill_group(process)
    inside.status = 200
    with serve(tmp_path, **machine) as (client, _):
        wait_for(lambda: client.get(task).json()["state"] == "succeeded")
        assert client.get(task).json()["attempts"] == 2
        assert client.get(GPU).json()["state"] == "running"
    assert cloud.count("StartInstances") == 1


def test_a_start_that_was_only_accepted_is_begun_by_another_process(
    tmp_path: Path, machine: dict[str, str], cloud: Cloud, inside: Inside
) -> None:
    inside.status = 200
    with serve(tmp_path, **machine, TASK_CONCURRENCY="0") as (client, process):
        task = client.post(START).headers["Location"]
        kill_group(process)
    assert cloud.count("StartInstances") == 0
    with serve(tmp_path, **machine) as (client, _):
        wait_for(lambda: client.get(task).json()["state"] == "succeeded")
    assert cloud.count("StartInstances") == 1

"""The `celery` engine with real workers, Redis and Postgres, and what it survives."""

import os
import random
import signal
import time
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from app.settings import Settings
from app.tasks.engine.celery.engine import make_celery
from tests.conftest import serve
from tests.fakes import HEADER, csv_row
from tests.servers import Postgres, Redis
from tests.tasks.test_survival import SERVED, read, rows, submit, wait_for, wait_for_state
from tests.tasks.workers import (
    Load,
    all_succeed,
    children,
    kill_all,
    postgres,
    redis,
    variables,
    worker,
)

__all__ = ["postgres", "redis", "variables"]  # fixtures

pytestmark = pytest.mark.services


@pytest.mark.parametrize("kill", ["worker", "child"])
def test_every_accepted_task_survives_while_workers_are_killed(
    kill: str, variables: dict[str, str], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        client, _ = stack.enter_context(serve(tmp_path, SERVED, **variables))
        workers = [stack.enter_context(worker(tmp_path, **variables)) for _ in range(2)]
        with closing(Load(client)) as load:
            for _ in range(3):
                time.sleep(2)
                which = random.randrange(2)
                if kill == "child" and (forked := children(workers[which])):
                    os.kill(random.choice(forked), signal.SIGKILL)
                elif kill == "worker":
                    kill_all(workers[which])
                    workers[which] = stack.enter_context(worker(tmp_path, **variables))
        assert len(load.accepted) > 50
        assert load.refused == []
        all_succeed(client, load.accepted)


def test_a_broker_that_forgets_everything_costs_no_task(
    variables: dict[str, str], redis: Redis, tmp_path: Path
) -> None:
    with serve(tmp_path, SERVED, **variables) as (client, _), worker(tmp_path, **variables):
        with closing(Load(client)) as load:
            time.sleep(1)
            for _ in range(2):
                redis.stop()
                time.sleep(1)
                redis.start()
                time.sleep(1)
        assert load.refused == []
        all_succeed(client, load.accepted)


def test_what_the_broker_lost_is_announced_again(
    variables: dict[str, str], redis: Redis, tmp_path: Path
) -> None:
    with serve(tmp_path, SERVED, **variables) as (client, _):
        ids = [submit(client, seconds=0) for _ in range(20)]
        unannounced = "SELECT 1 FROM tasks WHERE dispatched_at IS NULL"
        wait_for(lambda: not rows(tmp_path, unannounced))
        redis.stop()
        redis.start()
        with worker(tmp_path, **variables):
            all_succeed(client, ids)


def test_tasks_are_accepted_while_the_broker_is_away(
    variables: dict[str, str], redis: Redis, tmp_path: Path
) -> None:
    redis.stop()
    with serve(tmp_path, SERVED, **variables) as (client, _):
        ids = [submit(client, seconds=0) for _ in range(5)]
        assert {read(client, task_id)["state"] for task_id in ids} == {"queued"}
        redis.start()
        with worker(tmp_path, **variables):
            all_succeed(client, ids)


def test_an_api_that_was_killed_leaves_its_tasks_to_the_next_one(
    variables: dict[str, str], redis: Redis, tmp_path: Path
) -> None:
    redis.stop()
    with serve(tmp_path, SERVED, **variables) as (client, process):
        ids = [submit(client, seconds=0) for _ in range(5)]
        process.kill()
    redis.start()
    with serve(tmp_path, SERVED, **variables) as (client, _), worker(tmp_path, **variables):
        all_succeed(client, ids)


@pytest.mark.parametrize("engine", ["background", "celery"])
def test_a_restart_of_postgres_loses_nothing_that_was_accepted(
    engine: str, variables: dict[str, str], postgres: Postgres, tmp_path: Path
) -> None:
    variables = {**variables, "TASK_ENGINE": engine, "DATABASE_URL": postgres.url}
    with ExitStack() as stack:
        client, _ = stack.enter_context(serve(tmp_path, SERVED, **variables))
        if engine == "celery":
            stack.enter_context(worker(tmp_path, **variables))
        all_succeed(client, [submit(client, seconds=0)])  # a worker starts only with a database
        with closing(Load(client)) as load:
            wait_for(lambda: len(load.accepted) > 20)
            postgres.stop()
            wait_for(lambda: bool(load.refused))
            assert client.get("/v1/tasks").status_code == 503
            postgres.start()
            count = len(load.accepted)
            wait_for(lambda: len(load.accepted) > count + 20)
        all_succeed(client, load.accepted)
    assert {answer.status_code for answer in load.refused} == {503}
    assert {answer.headers["Content-Type"] for answer in load.refused} == {
        "application/problem+json"
    }
    with psycopg.connect(postgres.url) as database:
        [stored] = database.execute("SELECT count(*) FROM tasks WHERE state <> 'succeeded'")
    assert stored == (0,)


def test_a_stopped_worker_drains_what_is_short_and_hands_back_the_rest_for_free(
    variables: dict[str, str], tmp_path: Path
) -> None:
    variables = {**variables, "TASK_CONCURRENCY": "3"}
    with serve(tmp_path, SERVED, **variables) as (client, _):
        with worker(tmp_path, **variables) as process:
            short = submit(client, seconds=0.8)
            long = submit(client, seconds=600)
            blocked = submit(client, "note_and_block", path=str(tmp_path / "note"), seconds=600)
            for task_id in (short, long, blocked):
                wait_for_state(client, task_id, "running")
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGTERM)  # an impatient operator's
            process.communicate(timeout=30)
            assert process.returncode == 0
        ended = {one: read(client, one) for one in (short, long, blocked)}
    assert {one: (task["state"], task["attempts"]) for one, task in ended.items()} == {
        short: ("succeeded", 1),
        long: ("queued", 0),
        blocked: ("queued", 0),
    }


def test_a_task_that_kills_its_process_ends_dead_and_stops_no_other(
    variables: dict[str, str], tmp_path: Path
) -> None:
    variables = {**variables, "TASK_MAX_ATTEMPTS": "2"}
    with serve(tmp_path, SERVED, **variables) as (client, _), worker(tmp_path, **variables):
        poison = submit(client, "kill_the_process", path=str(tmp_path / "note"))
        others = [submit(client, seconds=0.1) for _ in range(10)]
        task = wait_for_state(client, poison, "dead")
        all_succeed(client, others)
    assert task["problem"]["type"] == "urn:problem:WorkerLost"
    assert (tmp_path / "note").read_text() == "started\n" * 2


def test_a_running_task_is_cancelled_in_its_worker(
    variables: dict[str, str], tmp_path: Path
) -> None:
    with serve(tmp_path, SERVED, **variables) as (client, _), worker(tmp_path, **variables):
        task_id = submit(client, seconds=600)
        wait_for_state(client, task_id, "running")
        client.delete(f"/v1/tasks/{task_id}")
        assert wait_for_state(client, task_id, "cancelled")["attempts"] == 1


@pytest.mark.parametrize("storage", ["sqlite", "postgres"])
def test_a_batch_goes_on_in_another_worker(
    storage: str, variables: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if storage == "postgres":
        variables["DATABASE_URL"] = request.getfixturevalue("postgres").url
    lines = [csv_row(sepal_length_cm=4 + n % 4, petal_width_cm=n % 20 + 1) for n in range(40_000)]
    upload = {"file": ("flowers.csv", "\n".join([HEADER, *lines]))}
    with ExitStack() as stack:
        client, _ = stack.enter_context(serve(tmp_path, SERVED, **variables))
        first = stack.enter_context(worker(tmp_path, **variables))
        task_id = client.post("/v1/tasks/batch-prediction", files=upload).json()["id"]
        wait_for(lambda: read(client, task_id)["progress"] >= 0.25)
        kill_all(first)
        stack.enter_context(worker(tmp_path, **variables))
        task = wait_for_state(client, task_id, "succeeded")
        result = client.get(f"/v1/tasks/{task_id}/result").text.splitlines()
    answers = ["short,0.750000,0.250000"] * 3 + ["long,0.250000,0.750000"]
    assert task["attempts"] == 2
    assert result[1:] == [f"{line},{answers[n % 4]}" for n, line in enumerate(lines)]


def test_celery_is_used_safely(settings: Settings) -> None:
    conf = make_celery(settings).conf
    assert list(conf.accept_content) == ["json"]
    # a broker that was away takes nothing back: what is lost there, is announced again
    assert not conf.task_acks_late
    with make_celery(settings).connection() as connection:
        assert not connection.get_transport_cls().Channel.ack_emulation

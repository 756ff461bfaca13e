"""What the workers and the API survive of Redis: an outage, a failover, and what lies in it."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from kombu.exceptions import OperationalError
from pydantic import SecretStr

from app.settings import Settings
from app.tasks.engine.celery.engine import RUN, make_celery
from tests.conftest import serve
from tests.servers import Redis, SecureRedis, make_certificate, running
from tests.tasks.messages import BROKEN
from tests.tasks.test_survival import SERVED, rows, submit, wait_for, wait_for_state
from tests.tasks.workers import all_succeed, redis, variables, worker

__all__ = ["redis", "variables"]  # fixtures

pytestmark = pytest.mark.services

LONGEST_SECONDS = 20  # of a stop: SHUTDOWN_SECONDS are 2 here, and the broker gets 8 more


def restart(redis: Redis) -> Callable[[], object]:
    """Kill Redis; return what starts it again, empty."""
    redis.stop()
    return redis.start


def make_replica(redis: Redis) -> Callable[[], object]:
    """Make it what it is after a failover: the address answers, and refuses every change."""
    redis.tell("REPLICAOF 127.0.0.1 1")
    return lambda: redis.tell("REPLICAOF NO ONE")


def fill(redis: Redis) -> Callable[[], object]:
    """Leave no memory for another message."""
    redis.tell("CONFIG SET maxmemory 1")
    return lambda: redis.tell("CONFIG SET maxmemory 0")


def freeze(redis: Redis) -> Callable[[], object]:
    """Keep it from answering, with its connections open."""
    redis.freeze()
    return redis.thaw


@pytest.mark.parametrize("trouble", [restart, make_replica, fill, freeze])
def test_a_worker_with_a_task_goes_on_after(
    trouble: Callable[[Redis], Callable[[], object]],
    variables: dict[str, str],
    redis: Redis,
    tmp_path: Path,
) -> None:
    with (
        serve(tmp_path, SERVED, **variables) as (client, _),
        worker(tmp_path, **variables) as process,
    ):
        # one place is free, so the worker waits for a message when the trouble begins
        long = submit(client, seconds=4)
        wait_for_state(client, long, "running")
        end = trouble(redis)
        meanwhile = [submit(client, seconds=0) for _ in range(3)]
        time.sleep(2)
        end()
        all_succeed(client, [long, *meanwhile, submit(client, seconds=0)])
        assert process.poll() is None
    assert rows(tmp_path, "SELECT DISTINCT attempts FROM tasks") == [(1,)]


def test_messages_that_are_none_end_no_worker_and_take_no_place(
    variables: dict[str, str], redis: Redis, tmp_path: Path
) -> None:
    with (
        serve(tmp_path, SERVED, **variables) as (client, _),
        worker(tmp_path, **variables) as process,
    ):
        for message in BROKEN.values():
            for _ in range(2):  # as many as it has places
                redis.push("tasks", message)
        wait_for(lambda: redis.tell("LLEN tasks") == b":0\r\n")
        for message in ("{no", "[1]", "{}"):
            assert redis.tell(f"PUBLISH /0.celery.pidbox {message}") == b":1\r\n"
        both = [submit(client, seconds=600) for _ in range(2)]
        for task_id in both:
            wait_for_state(client, task_id, "running")
        assert process.poll() is None


def test_a_redis_that_answers_nothing_holds_up_nobody(
    variables: dict[str, str], redis: Redis, tmp_path: Path
) -> None:
    with (
        serve(tmp_path, SERVED, **variables) as (client, api),
        worker(tmp_path, **variables) as process,
    ):
        kept = submit(client, seconds=600)
        wait_for_state(client, kept, "running")
        redis.freeze()
        begun = time.monotonic()
        waits = submit(client, seconds=0)
        assert time.monotonic() - begun < LONGEST_SECONDS
        time.sleep(3)  # by now both wait for an answer
        for stopped in (process, api):
            stopped.terminate()
            stopped.wait(LONGEST_SECONDS)
    states = "SELECT id, state, attempts FROM tasks ORDER BY seq"
    assert rows(tmp_path, states) == [(kept, "queued", 0), (waits, "queued", 0)]


@pytest.mark.parametrize(
    ("options", "is_trusted"),
    [
        ("?ssl_ca_certs={own}", True),
        ("?ssl_cert_reqs=none", True),
        ("?ssl_ca_certs={other}", False),
        ("", False),
    ],
)
def test_a_redis_is_trusted_with_its_certificate_alone(
    options: str, is_trusted: bool, settings: Settings, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path)
    (tmp_path / "redis").mkdir()
    refused = pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED")
    with running(SecureRedis, tmp_path / "redis") as server:
        url = SecretStr(server.url + options.format(own=server.certificate, other=other))
        with (
            make_celery(settings.model_copy(update={"task_broker_url": url})) as celery,
            nullcontext() if is_trusted else refused,
        ):
            celery.send_task(RUN, ["x"])

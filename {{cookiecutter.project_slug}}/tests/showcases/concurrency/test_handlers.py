"""What each handler holds while it waits: nothing, a thread, or the event loop."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.kit.settings import SettingsError, load_settings
from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL, start

PATHS = [f"/v1/concurrency/{name}" for name in ("await", "def", "blocking", "cpu")]


@pytest.fixture(autouse=True)
def no_tokens_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THREAD_TOKENS", raising=False)


def in_the_loop() -> bool:
    """Tell whether this runs in the thread of an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("path", PATHS)
def test_it_says_how_long_it_waited(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"wait_ms": 1})
    assert (answer.status_code, answer.json()) == (200, {"waited_ms": 1})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wait", ["-1", "1001", "long"])
def test_nobody_can_make_it_wait_for_long(client: TestClient, path: str, wait: str) -> None:
    assert client.get(path, params={"wait_ms": wait}).status_code == 422


def test_they_demand_the_key(settings: Settings) -> None:
    locked = settings.model_copy(update={"api_key": Settings(api_key="k" * 32).api_key})
    with TestClient(create_app(locked), base_url=LOCAL) as client:
        for path in (*PATHS, "/v1/concurrency/threads"):
            assert client.get(path).status_code == 401


@pytest.mark.parametrize(("path", "blocks"), [(PATHS[1], False), (PATHS[2], True)])
def test_def_sleeps_beside_the_loop_and_blocking_in_it(
    client: TestClient, path: str, blocks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    # the routes take no sleep as an argument, because the line that sleeps is what they teach
    monkeypatch.setattr(
        "app.showcases.concurrency.handlers.time.sleep", lambda _: seen.append(in_the_loop())
    )
    assert client.get(path).status_code == 200
    assert seen == [blocks]


def test_the_awaiting_one_gives_way(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request releases the first, so it must be served while the first one waits."""
    waiting: list[asyncio.Event] = []

    async def until_the_next(_: float) -> None:
        waiting.append(asyncio.Event())
        if len(waiting) == 1:
            await waiting[0].wait()
        waiting[0].set()

    # the same here: this sleep ends when the next one begins
    monkeypatch.setattr("app.showcases.concurrency.handlers.anyio.sleep", until_the_next)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: client.get(PATHS[0]).status_code, range(2)))
    assert answers == [200, 200]
    assert len(waiting) == 2


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold every `def` route until the block is left."""
    release = threading.Event()
    # the same here: on a busy machine, the longest wait that a client may ask for is too short
    monkeypatch.setattr("app.showcases.concurrency.handlers.time.sleep", lambda _: release.wait(30))
    try:
        yield
    finally:
        release.set()


def test_as_many_threads_as_tokens_and_the_rest_queue(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = time.sleep
    two = settings.model_copy(update={"thread_tokens": 2})
    with (
        TestClient(create_app(two), base_url=LOCAL) as client,
        ThreadPoolExecutor(3) as pool,
    ):
        with held(monkeypatch):
            answers = [pool.submit(client.get, PATHS[1]) for _ in range(3)]
            for _ in range(600):
                threads = client.get("/v1/concurrency/threads").json()
                if threads["borrowed"] + threads["queued"] == 3:
                    break
                pause(0.05)
        assert threads == {"tokens": 2, "borrowed": 2, "queued": 1}
        assert [answer.result().status_code for answer in answers] == [200] * 3


def test_forty_tokens_by_default(client: TestClient) -> None:
    assert client.get("/v1/concurrency/threads").json()["tokens"] == 40


def test_a_wrong_number_of_threads_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREAD_TOKENS", "0")
    with pytest.raises(SettingsError, match="THREAD_TOKENS: Input should be greater than"):
        load_settings(Settings)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_wrong_number_of_threads_stops_the_start(workers: str, tmp_path: Path) -> None:
    process = start(tmp_path, WORKERS=workers, THREAD_TOKENS="many")
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "THREAD_TOKENS: Input should be a valid integer" in printed
    assert "Traceback" not in printed

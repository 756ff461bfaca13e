"""Predictions under load: the loop turns, the queue has an end, nobody is answered in vain."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests import fakes
from tests.conftest import LOCAL, free_port
from tests.fakes import FLOWER, HeldModel

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def held(settings: Settings) -> Settings:
    """Settings whose model answers when the test lets it."""
    return settings.model_copy(update={"model_loader": "tests.fakes:load_held_model"})


def held_model() -> HeldModel:
    """The model that was loaded last."""
    model = fakes.made[-1]
    assert isinstance(model, HeldModel)
    return model


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predictions"])
def test_who_finds_the_queue_full_is_told_when_to_come_back(
    held: Settings, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        TestClient(create_app(held), base_url=LOCAL) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        model = held_model()
        try:
            first = pool.submit(client.post, path, json=FLOWER)
            assert model.started.acquire(timeout=30)
            monkeypatch.setattr("app.model.batching.LONGEST_QUEUE", 0)
            refused = client.post(path, json=FLOWER)
            assert client.get("/health/live").status_code == 200  # the loop turns
            assert not first.done()
        finally:
            model.gate.set()
        assert first.result().is_success
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "urn:problem:ModelBusy"


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[uvicorn.Server]:
    """A server in this event loop, on a port of its own; asked to stop at the end."""
    config = uvicorn.Config(
        create_app(settings), port=free_port(), log_config=None, timeout_graceful_shutdown=30
    )
    server = uvicorn.Server(config)
    serves = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield server
    finally:
        held_model().gate.set()
        server.should_exit = True
        await serves


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something is true."""
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0)


async def post(server: uvicorn.Server, sepal: float) -> Streams:
    """A connection with a prediction under way."""
    body = json.dumps(FLOWER | {"sepal_length_cm": sepal})
    head = f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.config.port)
    writer.write(f"{head}\r\nContent-Type: application/json\r\n\r\n{body}".encode())
    return reader, writer


async def hold_one(server: uvicorn.Server) -> Streams:
    """A first prediction, in the model's hands."""
    first = await post(server, 5)
    await asyncio.to_thread(held_model().started.acquire, timeout=30)
    return first


def test_the_row_of_a_client_that_left_is_not_predicted(held: Settings) -> None:
    async def scenario() -> None:
        async with serving(held) as server:
            first, _ = await hold_one(server)
            tasks = server.server_state.tasks
            _, leaves = await post(server, 6)
            await until(lambda: len(tasks) == 2)
            await post(server, 7)
            await until(lambda: len(tasks) == 3)
            leaves.close()
            await until(lambda: len(tasks) == 2)
            held_model().gate.set()
            assert b"200 OK" in await first.readline()
        assert held_model().asked == [[5], [7]]

    asyncio.run(scenario())


def test_what_waits_when_the_server_is_stopped_is_answered(held: Settings) -> None:
    async def scenario() -> None:
        async with serving(held) as server:
            waiting = [await hold_one(server), await post(server, 6), await post(server, 7)]
            await until(lambda: len(server.server_state.tasks) == 3)
            server.should_exit = True
            with suppress(OSError):  # nobody else is taken in
                await until(lambda: not server.servers[0].is_serving())
            held_model().gate.set()
            for reader, _ in waiting:
                assert b"200 OK" in await reader.readline()
        assert held_model().asked == [[5], [6, 7]]
        assert held_model().calls[-1] == "close"

    asyncio.run(scenario())

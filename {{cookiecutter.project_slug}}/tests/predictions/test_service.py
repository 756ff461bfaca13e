"""Predictions under load: the loop stays free, the queue has a limit, no work is wasted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import asynccontextmanager

import httpx2
import pytest
import uvicorn
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests import fakes
from tests.conftest import LOCAL, free_port
from tests.fakes import FLOWER, HeldModel, opens

pytestmark = pytest.mark.anyio

Answer = asyncio.Task[httpx2.Response]


@pytest.fixture
def held(settings: Settings) -> Settings:
    """Return settings whose model answers only when the test allows it."""
    return settings.model_copy(update={"models": "tests.fakes:HELD"})


def held_model() -> HeldModel:
    """Return the model that was loaded last."""
    model = fakes.made[-1]
    assert isinstance(model, HeldModel)
    return model


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predictions"])
def test_a_client_that_finds_the_queue_full_is_told_when_to_come_back(
    settings: Settings, path: str
) -> None:
    model = HeldModel()
    app = create_app(settings, open_models=opens(model, size=1, patience=30, longest_queue=1))
    with TestClient(app, base_url=LOCAL) as client, ThreadPoolExecutor(3) as pool:
        try:
            asked = [pool.submit(client.post, path, json=FLOWER)]
            assert model.started.acquire(timeout=30)
            asked += [pool.submit(client.post, path, json=FLOWER) for _ in range(2)]
            refused = next(as_completed(asked, timeout=30))  # the other one fills the queue
            assert client.get("/health/live").status_code == 200  # the loop is free
            assert [answer.done() for answer in asked].count(True) == 1
        finally:
            model.gate.set()
        answers = [answer.result() for answer in asked if answer is not refused]
    assert [answer.is_success for answer in answers] == [True, True]
    refusal = refused.result()
    assert refusal.status_code == 503
    assert refusal.headers["Retry-After"] == "1"
    assert refusal.headers["content-type"] == "application/problem+json"
    assert refusal.json()["type"] == "urn:problem:ModelBusy"


class Serving:
    """A server in the event loop of the test, and its client."""

    def __init__(self, server: uvicorn.Server, client: httpx2.AsyncClient) -> None:
        self.server = server
        self.client = client
        self.model = held_model()

    async def post(self, sepal: float) -> Answer:
        """Ask for a prediction, and return once the request has reached the app."""
        tasks = self.server.server_state.tasks
        before = len(tasks)
        flower = FLOWER | {"sepal_length_cm": sepal}
        answer = asyncio.create_task(self.client.post("/v1/predict", json=flower))
        await until(lambda: len(tasks) > before)
        return answer

    async def hold_one(self) -> Answer:
        """Ask for a first prediction, and return once the model holds it."""
        answer = await self.post(5)
        assert await asyncio.to_thread(self.model.started.acquire, timeout=30)
        return answer


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Serving]:
    """Run a server on its own port; at the end, release its model and stop it."""
    config = uvicorn.Config(create_app(settings), port=free_port(), log_config=None)
    server = uvicorn.Server(config)
    serves = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{config.port}") as client:
        serving = Serving(server, client)
        try:
            yield serving
        finally:
            serving.model.gate.set()
            server.should_exit = True
            await serves


async def until(true: Callable[[], bool]) -> None:
    """Let the loop run until this is true."""
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0)


async def test_the_row_of_a_client_that_left_is_not_predicted(held: Settings) -> None:
    async with serving(held) as s:
        first = await s.hold_one()
        leaves = await s.post(6)
        waits = await s.post(7)
        leaves.cancel()
        await until(lambda: len(s.server.server_state.tasks) == 2)
        s.model.gate.set()
        for answer in (first, waits):
            assert (await answer).status_code == 200
        assert s.model.asked == [[5], [7]]


async def test_what_waits_when_the_server_is_stopped_is_answered(held: Settings) -> None:
    async with serving(held) as s:
        waiting = [await s.hold_one(), await s.post(6), await s.post(7)]
        s.server.should_exit = True
        await until(lambda: not s.server.servers[0].is_serving())
        assert s.model.asked == [[5]]
        s.model.gate.set()
        for answer in waiting:
            assert (await answer).status_code == 200
    assert s.model.asked == [[5], [6, 7]]
    assert s.model.calls[-1] == "close"

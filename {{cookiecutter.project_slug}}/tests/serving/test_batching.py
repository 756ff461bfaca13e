"""The queue in front of the model, with real threads and a model that the test holds."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import numpy as np
import pytest

from app.serving.batching import (
    LONGEST_QUEUE,
    BatchingModel,
    ClientLeftError,
    ModelBusyError,
    ModelClosedError,
)
from app.serving.protocol import Matrix, Model
from app.settings import Settings
from tests.fakes import FakeModel, HeldModel

pytestmark = pytest.mark.anyio

LONGEST_SECONDS = 30  # a queue that hangs fails its test


async def stay() -> None:
    """Wait as long as a client that does not disconnect."""
    await asyncio.Event().wait()


def ask(model: BatchingModel, *sepals: float) -> list[asyncio.Task[Any]]:
    """Send a request for each flower; these are the lengths of their sepals."""
    return [asyncio.create_task(model.ask([sepal, 1, 1, 1], stay)) for sepal in sepals]


async def long(asked: list[asyncio.Task[Any]]) -> list[bool]:
    """Return whether the model calls each of these flowers long."""
    return [bool(row[1] > 0.5) for row in await asyncio.gather(*asked)]


class Queue:
    """A model that is held at its first row, [1.0], and the requests that wait behind it."""

    def __init__(self, held: HeldModel, model: BatchingModel) -> None:
        self.held = held
        self.model = model

    async def wait(self, *sepals: float) -> list[asyncio.Task[Any]]:
        """Send requests, and return once they are in the queue."""
        asked = ask(self.model, *sepals)
        await asyncio.sleep(0)
        return asked


@asynccontextmanager
async def opened(
    model: Model, settings: Settings, longest: int = LONGEST_QUEUE
) -> AsyncIterator[BatchingModel]:
    """Put a queue in front of a model, and close both at the end."""
    size, patience = settings.model_batch_size, settings.shutdown_seconds
    async with asyncio.timeout(LONGEST_SECONDS):
        with closing(BatchingModel(model, size, patience, longest)) as batching:
            yield batching


@asynccontextmanager
async def queue(
    settings: Settings, longest: int = LONGEST_QUEUE, **changes: int
) -> AsyncIterator[Queue]:
    """Yield a queue behind a row that is held; at the end, release and answer all."""
    held = HeldModel()
    async with opened(held, settings.model_copy(update=changes), longest) as model:
        (first,) = ask(model, 1)
        assert await has_started(held)
        try:
            yield Queue(held, model)
        finally:
            held.gate.set()
            await first


async def has_started(held: HeldModel) -> bool:
    """Wait until the model has begun an inference; return False if it does not."""
    return await asyncio.to_thread(held.started.acquire, timeout=LONGEST_SECONDS)


@pytest.mark.parametrize(
    ("size", "batches"), [(32, [[5, 7, 6.5]]), (2, [[5, 7], [6.5]]), (1, [[5], [7], [6.5]])]
)
async def test_what_waits_goes_together_up_to_the_limit(
    settings: Settings, size: int, batches: list[list[float]]
) -> None:
    async with queue(settings, model_batch_size=size) as q:
        asked = await q.wait(5, 7, 6.5)
        q.held.gate.set()
        assert await long(asked) == [False, True, True]
        assert q.held.asked == [[1], *batches]


async def test_what_comes_in_one_turn_of_the_loop_goes_together(settings: Settings) -> None:
    held = HeldModel()
    held.gate.set()
    async with opened(held, settings) as model:
        assert await long(ask(model, 5, 7)) == [False, True]
        assert await long(ask(model, 8)) == [True]
    assert held.asked == [[5, 7], [8]]


async def test_a_client_that_asks_again_at_once_goes_with_those_that_waited(
    settings: Settings,
) -> None:
    async def ask_twice() -> None:
        await model.ask([1, 1, 1, 1], stay)
        await model.ask([7, 1, 1, 1], stay)

    held = HeldModel()
    async with opened(held, settings) as model:
        asks_twice = asyncio.create_task(ask_twice())
        assert await has_started(held)
        waiting = ask(model, 5, 6.5)
        await asyncio.sleep(0)
        held.gate.set()
        assert await long(waiting) == [False, True]
        await asks_twice
    assert held.asked == [[1], [5, 6.5, 7]]


async def test_a_cancelled_row_is_not_predicted(settings: Settings) -> None:
    async with queue(settings) as q:
        asked = await q.wait(5, 6, 7)
        asked.pop(1).cancel()
        await asyncio.sleep(0)
        q.held.gate.set()
        assert await long(asked) == [False, True]
        assert q.held.asked == [[1], [5, 7]]


async def test_the_row_of_a_client_that_left_is_not_predicted(settings: Settings) -> None:
    async with queue(settings) as q:
        left = asyncio.Event()
        gone = asyncio.create_task(q.model.ask([6, 1, 1, 1], left.wait))
        asked = await q.wait(5)
        left.set()
        with pytest.raises(ClientLeftError):
            await gone
        q.held.gate.set()
        assert await long(asked) == [False]
        assert q.held.asked == [[1], [5]]


async def test_a_full_queue_refuses_until_there_is_room(settings: Settings) -> None:
    async with queue(settings, longest=2) as q:
        asked = await q.wait(5, 6)
        with pytest.raises(ModelBusyError):
            await q.model.ask([7, 1, 1, 1], stay)
        asked.pop().cancel()
        await asyncio.sleep(0)
        asked += await q.wait(8)
        q.held.gate.set()
        assert await long(asked) == [False, True]


class Refuses(FakeModel):
    """Fails the whole call because of one row, as a model that checks its input does."""

    def __init__(self, sepal: float, error: BaseException) -> None:
        super().__init__()
        self.sepal = sepal
        self.error = error

    def predict(self, rows: Matrix) -> Matrix:
        """Return probabilities of shape (n, 2) for rows of shape (n, 4)."""
        if self.sepal in rows[:, 0]:
            raise self.error
        return super().predict(rows)


class OneAnswer(FakeModel):
    """Answers only the first row of each call."""

    def predict(self, rows: Matrix) -> Matrix:
        """Return probabilities of shape (1, 2) for rows of shape (n, 4)."""
        return super().predict(rows)[:1]


async def outcomes(model: Model, settings: Settings) -> list[Any]:
    """Return what each of three rows in one batch gets from a model."""
    async with opened(model, settings) as batching:
        return await asyncio.gather(*ask(batching, 5, 13, 7), return_exceptions=True)


async def test_a_bad_row_does_not_spoil_its_batch(settings: Settings) -> None:
    error = KeyError("thirteen")
    short, bad, long_one = await outcomes(Refuses(13, error), settings)
    assert bad is error
    assert (short.tolist(), long_one.tolist()) == ([0.75, 0.25], [0.25, 0.75])


async def test_an_exception_that_no_future_takes_is_raised_all_the_same(settings: Settings) -> None:
    _, bad, _ = await outcomes(Refuses(13, StopIteration()), settings)
    assert isinstance(bad, RuntimeError)
    assert isinstance(bad.__cause__, StopIteration)


async def test_nobody_gets_somebody_elses_answer(settings: Settings) -> None:
    answers = await outcomes(OneAnswer(), settings)
    assert [answer.tolist()[1] for answer in answers] == [0.25, 0.75, 0.75]


async def test_a_task_bypasses_the_queue(settings: Settings) -> None:
    async with queue(settings) as q:
        task = asyncio.create_task(
            asyncio.to_thread(q.model.predict, np.ones((3, 4), dtype=np.float32))
        )
        assert await has_started(q.held)
        assert q.held.asked == [[1], [1, 1, 1]]
        q.held.gate.set()
        assert (await task).shape == (3, 2)


async def test_close_finishes_the_batch_and_fails_what_waits(settings: Settings) -> None:
    held = HeldModel()
    async with asyncio.timeout(LONGEST_SECONDS):
        model = BatchingModel(held, settings.model_batch_size, settings.shutdown_seconds)
        under_way = ask(model, 7)
        assert await has_started(held)
        (waiting,) = ask(model, 5)
        await asyncio.sleep(0)
        held.gate.set()
        model.close()
        assert held.calls == ["load", "predict", "close"]
        assert await long(under_way) == [True]
        for late in (waiting, *ask(model, 6)):
            with pytest.raises(ModelClosedError):
                await late


async def test_an_inference_that_never_ends_does_not_keep_the_process_alive(
    settings: Settings,
) -> None:
    held, before = HeldModel(), set(threading.enumerate())
    model = BatchingModel(held, settings.model_batch_size, patience=0)
    (thread,) = set(threading.enumerate()) - before
    ask(model, 7)
    assert await has_started(held)
    model.close()
    assert "close" not in held.calls  # a model must not be closed during a call
    assert thread.daemon
    held.gate.set()
    thread.join()

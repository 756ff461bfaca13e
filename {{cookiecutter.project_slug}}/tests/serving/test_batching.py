"""The queue in front of the model, with real threads and a model that the test holds."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Any

import numpy as np
import pytest

from app.errors import AppError
from app.kit.logs import configure_logs
from app.serving.batching import LONGEST_QUEUE, BatchingModel
from app.serving.errors import (
    BadAnswerError,
    ClientLeftError,
    ModelBusyError,
    ModelClosedError,
    ModelFailedError,
    ModelTimeoutError,
)
from app.serving.protocol import Matrix, Model
from app.settings import Settings
from tests.fakes import ChangedModel, FakeModel, HeldModel

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
    async with asyncio.timeout(LONGEST_SECONDS):
        with closing(in_front_of(model, settings, longest)) as batching:
            yield batching


def in_front_of(model: Model, settings: Settings, longest: int = LONGEST_QUEUE) -> BatchingModel:
    """Return a queue in front of a model."""
    size, seconds = settings.model_batch_size, settings.model_seconds
    return BatchingModel(model, size, seconds, settings.shutdown_seconds, longest)


@asynccontextmanager
async def queue(
    settings: Settings, longest: int = LONGEST_QUEUE, **changes: float
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


async def outcomes(model: Model, settings: Settings) -> list[Any]:
    """Return what each of three rows in one batch gets from a model, and then a fourth one."""
    async with opened(model, settings) as batching:
        together = await asyncio.gather(*ask(batching, 5, 13, 7), return_exceptions=True)
        return [*together, *await asyncio.gather(*ask(batching, 7), return_exceptions=True)]


class PanicException(BaseException):
    """What a panic in Rust becomes, under PyO3's own name."""


@pytest.mark.parametrize(
    "error",
    [
        SystemExit(0),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        PanicException(),
    ],
    ids=repr,
)
async def test_what_would_end_a_program_fails_one_row(
    settings: Settings, error: BaseException
) -> None:
    short, bad, long_one, later = await outcomes(Refuses(13, error), settings)
    assert (type(bad), bad.__cause__) == (ModelFailedError, error)
    assert (short.tolist(), long_one.tolist()) == ([0.75, 0.25], [0.25, 0.75])
    assert later.tolist() == [0.25, 0.75]


@pytest.mark.parametrize("error", [KeyError("thirteen"), MemoryError(), AppError("thirteen")])
async def test_a_bad_row_does_not_spoil_its_batch(settings: Settings, error: Exception) -> None:
    short, bad, long_one, later = await outcomes(Refuses(13, error), settings)
    assert bad is error
    assert (short.tolist(), long_one.tolist()) == ([0.75, 0.25], [0.25, 0.75])
    assert later.tolist() == [0.25, 0.75]


async def test_an_exception_that_no_future_takes_is_raised_all_the_same(settings: Settings) -> None:
    _, bad, _, _ = await outcomes(Refuses(13, StopIteration()), settings)
    assert isinstance(bad, RuntimeError)
    assert isinstance(bad.__cause__, StopIteration)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda answers: answers[:, :1], "numbers of shape (1, 1) instead of (1, 2)"),
        (lambda answers: np.hstack([answers, answers]), "numbers of shape (1, 4) instead of"),
        (lambda answers: np.vstack([answers, answers]), "numbers of shape (2, 2) instead of"),
        (lambda answers: answers[:0], "numbers of shape (0, 2) instead of"),
        (lambda answers: answers[0], "numbers of shape (2,) instead of"),
        (lambda answers: answers.astype(np.int64), "int64 instead of an array of floats"),
        (lambda answers: answers.astype(object), "object instead of an array of floats"),
        (lambda answers: answers.astype(complex), "complex128 instead of an array of floats"),
        (lambda answers: answers.astype(str), "<U32 instead of an array of floats"),
        (lambda answers: answers.tolist(), "list instead of an array of floats"),
        (lambda _: None, "NoneType instead of an array of floats"),
    ],
)
async def test_what_is_no_answer_is_named(
    settings: Settings, change: Callable[[Matrix], Any], fault: str
) -> None:
    for outcome in await outcomes(ChangedModel(change), settings):
        assert isinstance(outcome, BadAnswerError)
        assert outcome.fault.startswith(fault)
    async with opened(ChangedModel(change), settings) as batching:
        with pytest.raises(BadAnswerError):
            batching.predict(np.ones((3, 4), dtype=np.float32))


async def test_floats_of_another_size_are_answers(settings: Settings) -> None:
    answers = await outcomes(ChangedModel(lambda answers: answers.astype(np.float64)), settings)
    assert [answer.tolist() for answer in answers[:2]] == [[0.75, 0.25], [0.25, 0.75]]


async def test_nobody_gets_somebody_elses_answer(settings: Settings) -> None:
    answers = await outcomes(ChangedModel(lambda answers: answers[:1]), settings)
    assert [answer.tolist()[1] for answer in answers] == [0.25, 0.75, 0.75, 0.75]


# a model that does not return


async def times_out(*asked: asyncio.Task[Any]) -> None:
    """Check that each of these requests ends with ModelTimeoutError."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result) for result in results] == [ModelTimeoutError] * len(asked)


def is_late(model: BatchingModel) -> bool:
    """Return whether the model keeps a batch for too long."""
    try:
        model.check()
    except ModelTimeoutError:
        return True
    return False


async def test_a_model_that_hangs_is_told_and_all_goes_on_when_it_returns(
    settings: Settings,
) -> None:
    held = HeldModel()
    async with opened(held, settings.model_copy(update={"model_seconds": 0.2})) as model:
        kept = ask(model, 1)
        assert await has_started(held)
        assert not is_late(model)
        await times_out(*kept, *ask(model, 5, 6))
        assert is_late(model)
        await asyncio.wait_for(times_out(*ask(model, 7)), 0.1)  # at once
        held.gate.set()
        while is_late(model):  # noqa: ASYNC110 - the model has no event to wait for
            await asyncio.sleep(0.001)
        assert await long(ask(model, 8)) == [True]
    assert held.asked == [[1], [8]]  # nothing that nobody waits for


async def test_each_row_has_the_same_time_wherever_it_waits(settings: Settings) -> None:
    """The timer was set for the first row; the second one, asked later, has its own time."""
    held = HeldModel()
    async with opened(held, settings.model_copy(update={"model_seconds": 0.4})) as model:
        (first,) = ask(model, 1)
        assert await has_started(held)
        await asyncio.sleep(0.2)
        (second,) = ask(model, 7)
        await times_out(first)
        assert not second.done()
        held.gate.set()
        assert await long([second]) == [True]


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
        model = in_front_of(held, settings)
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


async def test_an_inference_that_never_ends_does_not_keep_the_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs()
    held, before = HeldModel(), set(threading.enumerate())
    model = BatchingModel(held, size=32, seconds=30, patience=0)
    (thread,) = set(threading.enumerate()) - before
    ask(model, 7)
    assert await has_started(held)
    model.close()
    assert "close" not in held.calls  # a model must not be closed during a call
    assert "model_left_open" in capsys.readouterr().err
    assert thread.daemon
    held.gate.set()
    thread.join(30)
    assert not thread.is_alive()

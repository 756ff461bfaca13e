"""The queue in front of the model, with real threads and a model that the test holds."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any

import pytest

from app.errors import AppError
from app.kit.logs import configure_logs
from app.serving.answers import Answer, Classification
from app.serving.batching import LONGEST_QUEUE, BatchingModel
from app.serving.errors import (
    BadAnswerError,
    ClientLeftError,
    ModelBusyError,
    ModelClosedError,
    ModelFailedError,
    ModelTimeoutError,
)
from app.settings import Settings
from tests.fakes import (
    LONG,
    SHORT,
    ChangedModel,
    FakeModel,
    Flower,
    HeldModel,
    flower,
    nan_where_long,
    queue_before,
)

pytestmark = pytest.mark.anyio

LONGEST_SECONDS = 30  # a queue that hangs fails its test


async def stay() -> None:
    """Wait as long as a client that does not disconnect."""
    await asyncio.Event().wait()


Queued = BatchingModel[Flower, Classification]
Answers = Sequence[Classification]


def ask(model: Queued, *sepals: float) -> list[asyncio.Task[Any]]:
    """Send a request for each flower; these are the lengths of their sepals."""
    return [asyncio.create_task(model.ask(flower(sepal), stay)) for sepal in sepals]


async def long(asked: list[asyncio.Task[Any]]) -> list[bool]:
    """Return whether the model calls each of these flowers long."""
    return [answer.label == "long" for answer, _ in await asyncio.gather(*asked)]


class Queue:
    """A model that is held at its first row, [1.0], and the requests that wait behind it."""

    def __init__(self, held: HeldModel, model: Queued) -> None:
        self.held = held
        self.model = model

    async def wait(self, *sepals: float) -> list[asyncio.Task[Any]]:
        """Send requests, and return once they are in the queue."""
        asked = ask(self.model, *sepals)
        await asyncio.sleep(0)
        return asked


@asynccontextmanager
async def opened(
    model: FakeModel, settings: Settings, longest: int = LONGEST_QUEUE
) -> AsyncIterator[Queued]:
    """Put a queue in front of a model, and close both at the end."""
    async with asyncio.timeout(LONGEST_SECONDS):
        with closing(in_front_of(model, settings, longest)) as batching:
            yield batching


def in_front_of(model: FakeModel, settings: Settings, longest: int = LONGEST_QUEUE) -> Queued:
    """Return a queue in front of a model."""
    size, seconds = settings.model_batch_size, settings.model_seconds
    return queue_before(model, size, seconds, settings.shutdown_seconds, longest)


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
        await model.ask(flower(1), stay)
        await model.ask(flower(7), stay)

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
        gone = asyncio.create_task(q.model.ask(flower(6), left.wait))
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
            await q.model.ask(flower(7), stay)
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

    def predict(self, rows: Sequence[Flower]) -> Answers:
        """Return an answer for each flower."""
        if any(row.sepal_length_cm == self.sepal for row in rows):
            raise self.error
        return super().predict(rows)


async def outcomes(model: FakeModel, settings: Settings) -> list[Any]:
    """Return what each of three rows in one batch gets from a model, and then a fourth one."""
    async with opened(model, settings) as batching:
        together = await asyncio.gather(*ask(batching, 5, 13, 7), return_exceptions=True)
        later = await asyncio.gather(*ask(batching, 7), return_exceptions=True)
    return [one[0] if isinstance(one, tuple) else one for one in (*together, *later)]


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
        KeyError("thirteen"),
        StopIteration(),
    ],
    ids=repr,
)
async def test_whatever_a_model_raises_fails_one_row(
    settings: Settings, error: BaseException
) -> None:
    short, bad, long_one, later = await outcomes(Refuses(13, error), settings)
    assert (type(bad), bad.__cause__) == (ModelFailedError, error)
    assert (short, long_one, later) == (SHORT, LONG, LONG)


@pytest.mark.parametrize("error", [AppError("thirteen"), MemoryError(), OSError(28, "no space")])
async def test_what_is_no_fault_of_the_model_is_raised_as_it_is(
    settings: Settings, error: Exception
) -> None:
    short, bad, long_one, later = await outcomes(Refuses(13, error), settings)
    assert bad is error
    assert (short, long_one, later) == (SHORT, LONG, LONG)


class Other(Answer):
    """The answer of another model."""


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda answers: [*answers, *answers], "2 answers for 1 row(s)"),
        (lambda answers: answers[:0], "0 answers for 1 row(s)"),
        (iter, "list_iterator instead of a list of Classification"),
        (lambda answers: answers[0], "Classification instead of a list of Classification"),
        (lambda _: None, "NoneType instead of a list of Classification"),
        (lambda _: "long", "str instead of a list of Classification"),
        (lambda answers: [answer.model_dump() for answer in answers], "dict instead of"),
        (lambda answers: [Other() for _ in answers], "Other instead of Classification"),
        (lambda _: Classification(label="long", probabilities={"long": 7}), "7 for probabilities"),
    ],
)
async def test_what_is_no_answer_is_named(
    settings: Settings, change: Callable[[Answers], Any], fault: str
) -> None:
    for outcome in await outcomes(ChangedModel(change), settings):
        assert isinstance(outcome, BadAnswerError)
        assert outcome.detail.startswith(f"The model gave {fault}")
        assert outcome.__notes__ == ["The model is flower, version 000000000000."]
    async with opened(ChangedModel(change), settings) as batching:
        with pytest.raises(BadAnswerError):
            batching.predict([flower()])


async def test_a_task_is_given_no_bad_answer(settings: Settings) -> None:
    async with opened(ChangedModel(nan_where_long), settings) as batching:
        with pytest.raises(BadAnswerError, match=r"nan for probabilities\.long"):
            batching.predict([flower(5), flower(5), flower(7)])


async def test_nobody_gets_somebody_elses_answer(settings: Settings) -> None:
    answers = await outcomes(ChangedModel(lambda answers: answers[:1]), settings)
    assert answers == [SHORT, LONG, LONG, LONG]


# a model that does not return


async def times_out(*asked: asyncio.Task[Any]) -> None:
    """Check that each of these requests ends with ModelTimeoutError."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result) for result in results] == [ModelTimeoutError] * len(asked)


def is_late(model: Queued) -> bool:
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
        task = asyncio.create_task(asyncio.to_thread(q.model.predict, [flower(1)] * 3))
        assert await has_started(q.held)
        assert q.held.asked == [[1], [1, 1, 1]]
        q.held.gate.set()
        assert await task == [SHORT] * 3


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
    model = queue_before(held, patience=0)
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

"""Micro-batching: rows that wait for the model go to it in one call.

One call for a few rows costs about as much as one for a single row. So while the model works, the
rows that arrive wait, and go to it together once it is free. No timer: a row that finds the model
free goes at once, with those that arrived in the same turn of the event loop. After a batch, the
requests that have already arrived are read first: they were waiting too, just not here yet.

Only `_work` and what it calls run off the loop, so nothing needs a lock. However many rows a batch
has, it takes one wake-up of the model's thread, and one of the loop. One version answers a batch.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeAlias

import structlog

from app.serving.answers import check_values
from app.serving.card import ModelCard
from app.serving.current import Current
from app.serving.direct import DirectCalls
from app.serving.errors import ClientLeftError, ModelBusyError, ModelClosedError, ModelTimeoutError
from app.serving.loaded import LoadedModel
from app.serving.outcomes import Answered, Outcome, Pending, settle
from app.serving.probe import Probe
from app.serving.protocol import AnswerT, FeaturesT

LONGEST_QUEUE = 1024  # rows; a client that is refused can go elsewhere, one that waits cannot
TURNS_TO_READ = 4  # of the loop, from bytes that have arrived to a row that waits here

logger = structlog.get_logger()

ClientLeft = Callable[[], Awaitable[object]]
Version: TypeAlias = LoadedModel[FeaturesT, AnswerT]
Batch: TypeAlias = dict[Pending[AnswerT], FeaturesT]


class BatchingModel(Generic[FeaturesT, AnswerT]):
    """A model with a queue before it, for one event loop; itself a `Predictor`."""

    def __init__(
        self,
        model: LoadedModel[FeaturesT, AnswerT],
        size: int,
        seconds: float,
        patience: float,
        longest_queue: int = LONGEST_QUEUE,
    ) -> None:
        self.served = model.served
        self.current = Current(model)
        self._size = size
        self._seconds = seconds  # from a question to its answer, and for one call of the model
        self._patience = patience  # seconds, for the last batch
        self._longest_queue = longest_queue
        self._direct = DirectCalls(size, seconds)
        self._probe = Probe(self)
        self._waiting: Batch[AnswerT, FeaturesT] = {}
        # of all unanswered, in order
        self._deadlines: dict[Pending[AnswerT], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._working = self._closed = False
        self._sent_at = 0.0  # when the batch that is worked on was sent
        self._batches: SimpleQueue[Batch[AnswerT, FeaturesT] | None] = SimpleQueue()
        # daemon: an inference that never ends must not keep the process from ending
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    @property
    def card(self) -> ModelCard:
        """The card of the version that answers now."""
        return self.current.loaded.card

    @property
    def example(self) -> FeaturesT:
        """What that version must be able to answer."""
        return self.current.loaded.example

    def predict(
        self, rows: Sequence[FeaturesT], /, version: Version[FeaturesT, AnswerT] | None = None
    ) -> list[AnswerT]:
        """Ask the model directly, not through the queue; the caller's thread waits.

        An answer that is none is a BadAnswerError, one that does not come a ModelTimeoutError.
        """
        with self.current.pinned() as loaded:
            answers = self._direct.predict((version or loaded).predict, rows)
        for answer in answers:
            check_values(answer)
        return answers

    def check(self) -> None:
        """Raise ModelTimeoutError while the model keeps a batch for more than `MODEL_SECONDS`."""
        if self._working and self._sent_at + self._seconds < asyncio.get_running_loop().time():
            raise ModelTimeoutError

    async def probe(self) -> None:
        """Raise an UnavailableError if the model hangs, or fails at a row that it must know."""
        self.check()
        await self._probe.check()

    async def ask(self, row: FeaturesT, client_left: ClientLeft) -> Answered[AnswerT]:
        """Return the model's answer for one row, and the card of who gave it; or raise its error.

        Its values are checked where the prediction is made of them. A waiting row is dropped when
        its asyncio task is cancelled, or when `client_left` returns.
        """
        if self._closed:
            raise ModelClosedError
        if len(self._waiting) >= self._longest_queue:
            raise ModelBusyError
        self.check()
        loop = asyncio.get_running_loop()
        if not (self._working or self._waiting):
            loop.call_soon(self._send)
        answer: Pending[AnswerT] = loop.create_future()
        self._waiting[answer] = row
        self._deadlines[answer] = loop.time() + self._seconds
        if not self._timer:  # one for all: a timer for each row would cost more than the queue
            self._timer = loop.call_later(self._seconds, self._fail_late)
        must_wait = self._working or len(self._waiting) > self._size
        watch = loop.create_task(self._drop_when(client_left, answer)) if must_wait else None
        try:
            outcome = await answer
        finally:
            self._waiting.pop(answer, None)
            del self._deadlines[answer]
            if watch:
                watch.cancel()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def close(self) -> None:
        """Fail the rows that wait, finish the current batch, close the model.

        A model that does not return within `SHUTDOWN_SECONDS` is left open.
        """
        self._closed = True
        settle(dict.fromkeys(self._waiting, ModelClosedError()))
        self._waiting.clear()
        self._batches.put(None)
        self._thread.join(self._patience)
        if not self.current.close():
            logger.warning("model_left_open", why="an inference did not end in time")

    async def _drop_when(self, client_left: ClientLeft, answer: Pending[AnswerT]) -> None:
        await client_left()
        if self._waiting.pop(answer, None) is not None:
            answer.set_result(ClientLeftError())

    def _fail_late(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        late = [answer for answer, deadline in self._deadlines.items() if deadline <= now]
        for answer in late:
            self._waiting.pop(answer, None)
        settle({answer: ModelTimeoutError() for answer in late})
        following = [deadline for deadline in self._deadlines.values() if deadline > now]
        self._timer = loop.call_at(following[0], self._fail_late) if following else None

    def _send_in(self, turns: int) -> None:
        if turns and len(self._waiting) < self._size:
            asyncio.get_running_loop().call_soon(self._send_in, turns - 1)
        else:
            self._send()

    def _send(self) -> None:
        if self._working or not self._waiting:
            return
        oldest = list(islice(self._waiting, self._size))
        self._batches.put({answer: self._waiting.pop(answer) for answer in oldest})
        self._working, self._sent_at = True, asyncio.get_running_loop().time()

    def _work(self) -> None:
        while batch := self._batches.get():
            outcomes = dict(zip(batch, self._outcomes(list(batch.values())), strict=True))
            try:
                next(iter(batch)).get_loop().call_soon_threadsafe(self._receive, outcomes)
            except RuntimeError:  # the loop has ended, and its callers with it
                self._working = False

    def _outcomes(self, rows: list[FeaturesT]) -> Sequence[Outcome[AnswerT]]:
        """Return an outcome for each row; if the call fails, try each alone, for one may be bad."""
        try:
            with self.current.pinned() as loaded:
                return [(answer, loaded.card) for answer in loaded.predict(rows)]
        except BaseException as error:  # the thread must live on
            return [error] if len(rows) == 1 else [self._outcomes([row])[0] for row in rows]

    def _receive(self, outcomes: dict[Pending[AnswerT], Outcome[AnswerT]]) -> None:
        self._working = False
        settle(outcomes)
        if self._waiting:
            self._send_in(TURNS_TO_READ)

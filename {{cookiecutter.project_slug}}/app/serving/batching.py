"""Micro-batching: rows that wait for the model go to it in one call.

One call for a few rows costs about as much as one for a single row. So while the model works, the
rows that arrive wait, and go to it together once it is free. No timer: a row that finds the model
free goes at once, with those that arrived in the same turn of the event loop. After a batch, the
requests that have already arrived are read first: they were waiting too, just not here yet.

Only `_work` and what it calls run off the loop, so nothing needs a lock. A batch goes to the
model's thread and back with one wake-up of each, however many rows it has.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from queue import SimpleQueue

import numpy as np

from app.errors import AppError, UnavailableError
from app.serving.protocol import Matrix, Model, Row

LONGEST_QUEUE = 1024  # rows; a client that is refused can go elsewhere, one that waits cannot
TURNS_TO_READ = 4  # of the loop, from bytes that have arrived to a row that waits here

ClientLeft = Callable[[], Awaitable[object]]
Outcome = Row | BaseException
Batch = dict["asyncio.Future[Outcome]", Sequence[float]]


class ModelBusyError(UnavailableError):
    """Too many predictions are waiting for the model; try again soon."""


class ModelClosedError(UnavailableError):
    """The service is stopping; try again soon."""


class ClientLeftError(AppError):
    """The client disconnected before the model was asked: nobody reads this."""

    status = 408
    title = "Client Left"


class BatchingModel:
    """A model with a queue before it, for one event loop; itself a `Model`."""

    def __init__(
        self, model: Model, size: int, patience: float, longest_queue: int = LONGEST_QUEUE
    ) -> None:
        self.card = model.card
        self._model = model
        self._size = size
        self._patience = patience  # seconds, for the last batch
        self._longest_queue = longest_queue
        self._waiting: Batch = {}
        self._working = self._closed = False
        self._batches: SimpleQueue[Batch | None] = SimpleQueue()
        # daemon: an inference that never ends must not keep the process from ending
        self._thread = threading.Thread(target=self._work, name="model", daemon=True)
        self._thread.start()

    def predict(self, rows: Matrix) -> Matrix:
        """Ask the model directly, not through the queue, in the caller's own thread."""
        return self._model.predict(rows)

    async def ask(self, row: Sequence[float], client_left: ClientLeft) -> Row:
        """Return the probabilities of one row, of shape (labels,), or raise what the model raised.

        A waiting row is dropped when its asyncio task is cancelled, or when `client_left` returns.
        """
        if self._closed:
            raise ModelClosedError
        if len(self._waiting) >= self._longest_queue:
            raise ModelBusyError
        loop = asyncio.get_running_loop()
        if not (self._working or self._waiting):
            loop.call_soon(self._send)
        answer: asyncio.Future[Outcome] = loop.create_future()
        self._waiting[answer] = row
        must_wait = self._working or len(self._waiting) > self._size
        watch = loop.create_task(self._drop_when(client_left, answer)) if must_wait else None
        try:
            outcome = await answer
        finally:
            self._waiting.pop(answer, None)
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
        if not self._thread.is_alive():
            self._model.close()

    async def _drop_when(self, client_left: ClientLeft, answer: "asyncio.Future[Outcome]") -> None:
        await client_left()
        if self._waiting.pop(answer, None) is not None:
            answer.set_result(ClientLeftError())

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
        self._working = True

    def _work(self) -> None:
        while batch := self._batches.get():
            outcomes = dict(zip(batch, self._outcomes(list(batch.values())), strict=True))
            try:
                next(iter(batch)).get_loop().call_soon_threadsafe(self._receive, outcomes)
            except RuntimeError:  # the loop has ended, and its callers with it
                self._working = False

    def _outcomes(self, rows: list[Sequence[float]]) -> list[Outcome]:
        """Return an outcome for each row; if the call fails, try each alone, for one may be bad."""
        try:
            answers = self.predict(np.array(rows, dtype=np.float32))
            if len(answers) != len(rows):
                raise ValueError(f"The model gave {len(answers)} answers for {len(rows)} rows")
        except BaseException as error:
            return [error] if len(rows) == 1 else [self._outcomes([row])[0] for row in rows]
        return list(answers)

    def _receive(self, outcomes: "dict[asyncio.Future[Outcome], Outcome]") -> None:
        self._working = False
        settle(outcomes)
        if self._waiting:
            self._send_in(TURNS_TO_READ)


def settle(outcomes: "dict[asyncio.Future[Outcome], Outcome]") -> None:
    """Set each future's outcome, as a value: a future does not accept every exception."""
    for answer, outcome in outcomes.items():
        if not answer.done():
            answer.set_result(outcome)

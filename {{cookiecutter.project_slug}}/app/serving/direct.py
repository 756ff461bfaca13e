"""Calls that bypass the queue, by threads that may wait: those of tasks, above all.

Each runs in a thread of its own, so that one that does not return keeps that thread and not its
caller, who hears of it after MODEL_SECONDS. Only MOST_CALLS can be under way, so only as many can
be left behind.
"""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic

from app.serving.errors import ModelTimeoutError
from app.serving.protocol import AnswerT, FeaturesT

MOST_CALLS = 64  # as many as there can be tasks at once
ROWS = 256  # of one inference, which has MODEL_SECONDS; a task's piece has a thousand

Outcomes = SimpleQueue[list[AnswerT] | Exception]


class DirectCalls(Generic[FeaturesT, AnswerT]):
    """A model for callers that wait in threads; `call` is one inference."""

    def __init__(
        self,
        call: Callable[[Sequence[FeaturesT]], list[AnswerT]],
        size: int,
        seconds: float,
        most_calls: int = MOST_CALLS,
    ) -> None:
        self._call = call
        # rows of one inference: many, because each call costs some time of its own; but one, if
        # that is what the model is to be asked
        self._size = size if size == 1 else max(size, ROWS)
        self._seconds = seconds  # for one inference
        self._places = threading.BoundedSemaphore(most_calls)
        self._threads: set[threading.Thread] = set()

    @property
    def under_way(self) -> bool:
        """Whether the model works for a caller, or for one that has given up."""
        return bool(self._threads)

    def predict(self, rows: Sequence[FeaturesT]) -> list[AnswerT]:
        """Return the answer for each row; raise what an inference raises, or ModelTimeoutError."""
        starts = range(0, max(1, len(rows)), self._size)
        batches = [rows[start : start + self._size] for start in starts]
        outcomes: Outcomes[AnswerT] = SimpleQueue()
        given_up = threading.Event()
        self._start(batches, outcomes, given_up)
        try:
            return [answer for _ in batches for answer in self._wait(outcomes)]
        finally:
            given_up.set()

    def _start(
        self,
        batches: list[Sequence[FeaturesT]],
        outcomes: Outcomes[AnswerT],
        given_up: threading.Event,
    ) -> None:
        if not self._places.acquire(timeout=self._seconds):
            raise ModelTimeoutError  # those that have it were left behind
        # daemon: an inference that never ends must not keep the process from ending
        arguments = [batches, outcomes, given_up]
        thread = threading.Thread(
            target=self._run, args=arguments, name="model-direct", daemon=True
        )
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the system has no thread left
            self._release(thread)
            raise

    def _wait(self, outcomes: Outcomes[AnswerT]) -> list[AnswerT]:
        try:
            outcome = outcomes.get(timeout=self._seconds)
        except Empty:
            raise ModelTimeoutError from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _run(
        self,
        batches: list[Sequence[FeaturesT]],
        outcomes: Outcomes[AnswerT],
        given_up: threading.Event,
    ) -> None:
        try:
            for batch in batches:
                if given_up.is_set():
                    break
                outcomes.put(self._call(batch))
        except Exception as error:
            outcomes.put(error)
        finally:
            self._release(threading.current_thread())

    def _release(self, thread: threading.Thread) -> None:
        self._threads.discard(thread)
        self._places.release()

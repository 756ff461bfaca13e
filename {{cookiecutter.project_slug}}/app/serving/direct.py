"""Calls that bypass the queue, by threads that may wait: those of tasks, above all.

Each runs in a thread of its own, so that one that does not return keeps that thread and not its
caller, who hears of it after MODEL_SECONDS. Only MOST_CALLS can be under way, so only as many can
be left behind.
"""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from app.serving.errors import ModelTimeoutError
from app.serving.protocol import AnswerT, FeaturesT

MOST_CALLS = 64  # as many as there can be tasks at once
ROWS = 256  # of one inference, which has MODEL_SECONDS; a task's piece has a thousand

Call = Callable[[Sequence[FeaturesT]], list[AnswerT]]  # one inference


class DirectCalls:
    """What callers that wait in threads ask a model with."""

    def __init__(self, size: int, seconds: float, most_calls: int = MOST_CALLS) -> None:
        # rows of one inference: many, because each call costs some time of its own; but one, if
        # that is what the model is to be asked
        self._size = size if size == 1 else max(size, ROWS)
        self._seconds = seconds  # for one inference
        self._places = threading.BoundedSemaphore(most_calls)

    def predict(self, call: Call[FeaturesT, AnswerT], rows: Sequence[FeaturesT]) -> list[AnswerT]:
        """Return the answer for each row; raise what a call raises, or ModelTimeoutError."""
        starts = range(0, max(1, len(rows)), self._size)
        outcomes: SimpleQueue[list[AnswerT] | Exception] = SimpleQueue()
        given_up = threading.Event()

        def work() -> None:
            try:
                for start in starts:
                    if given_up.is_set():
                        break
                    outcomes.put(call(rows[start : start + self._size]))
            except Exception as error:
                outcomes.put(error)
            finally:
                self._places.release()

        self._start(work)
        try:
            return [answer for _ in starts for answer in self._wait(outcomes)]
        finally:
            given_up.set()

    def _start(self, work: Callable[[], None]) -> None:
        if not self._places.acquire(timeout=self._seconds):
            raise ModelTimeoutError  # those that have it were left behind
        try:
            # daemon: an inference that never ends must not keep the process from ending
            threading.Thread(target=work, name="model-direct", daemon=True).start()
        except RuntimeError:  # the system has no thread left
            self._places.release()
            raise

    def _wait(self, outcomes: SimpleQueue[list[AnswerT] | Exception]) -> list[AnswerT]:
        try:
            outcome = outcomes.get(timeout=self._seconds)
        except Empty:
            raise ModelTimeoutError from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

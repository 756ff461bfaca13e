"""Group commit: the calls of many requests in few transactions, in a thread of its own.

A commit costs the same for one call as for fifty. So a thread takes all the calls that wait, runs
them in one transaction, and answers each after the commit. No timer: a lone call is committed at
once. Calls of a method that takes a list become one call, and so one statement: that matters,
because after every statement the thread must wait for Python's lock again.

What it gains: `python -m benchmarks.tasks`, in the template.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import takewhile
from queue import SimpleQueue

from app.storage.calls import Call, answer, run_all
from app.storage.connection import Connection, ThreadConnection

LARGEST_GROUP = 256


class Line:
    """Calls that wait in line, and the thread that runs them with a connection."""

    def __init__(self, connection: Connection, own: ThreadConnection, *, reads: bool) -> None:
        self._begin: Callable[[], AbstractContextManager[object]]
        self._begin = nullcontext if reads else connection.transaction
        self._connection, self._own = connection, own
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._unanswered: deque[Call] = deque()  # those that run, and those that wait
        self.thread = threading.Thread(
            target=self._work, name="storage-reads" if reads else "storage-writes", daemon=True
        )
        self.thread.start()

    def put(self, call: Call) -> None:
        """Add a call at the end; call this with a lock."""
        self._unanswered.append(call)
        self._calls.put(call)

    def end(self) -> None:
        """End the thread once it has done what is queued."""
        self._calls.put(None)

    def answer_late(self, seconds: float) -> float:
        """Answer those that have waited this long; return when the next one will have."""
        now = time.monotonic()
        waiting = [call for call in self._unanswered.copy() if not call.late]
        late = list(takewhile(lambda call: call.since + seconds <= now, waiting))
        for call in late:
            call.late = True
        answer([call.too_late(seconds) for call in late])
        return waiting[len(late)].since + seconds if len(late) < len(waiting) else now + seconds

    def _work(self) -> None:
        self._own.connection = self._connection
        with closing(self._connection):
            while first := self._calls.get():
                group = [first]
                while not self._calls.empty() and len(group) < LARGEST_GROUP:
                    following = self._calls.get()
                    if following is None:
                        self._calls.put(None)
                        break
                    group.append(following)
                self._commit(group)
                answer(group)
                for _ in group:
                    self._unanswered.popleft()

    def _commit(self, calls: list[Call]) -> None:
        """Commit the calls together, or each alone if that fails; leave out those that are late."""
        calls = [call for call in calls if not call.late]
        begun = False
        try:
            with self._begin() if calls else nullcontext():  # which may wait for another process
                begun = True
                run_all([call for call in calls if not call.late])
        except BaseException as error:  # whatever a call raises, the thread goes on
            if begun and len(calls) > 1:  # it may be the fault of one: the others have their turn
                for call in calls:
                    self._commit([call])
            else:
                for call in calls:
                    call.value = error

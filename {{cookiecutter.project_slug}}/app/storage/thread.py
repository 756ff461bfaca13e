"""Group commit: the calls of many requests in few transactions, in threads of their own.

A commit costs the same for one call as for fifty. So a thread takes all the calls that wait, runs
them in one transaction, and answers each after the commit. No timer: a lone call is committed at
once. Calls of a method that takes a list become one call, and so one statement: that matters,
because after every statement the thread must wait for Python's lock again.

Event loops, worker threads and the heartbeat all come through here, so a store needs no locks, and
is written once, without `async`. What it gains: `python -m benchmarks.tasks`, in the template.

Calls that read have a thread and a connection of their own: they never wait for a write. A third
thread answers whoever has waited for STORAGE_SECONDS, whatever the other two are waiting for.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from itertools import takewhile
from queue import SimpleQueue
from typing import Any

from app.storage.calls import Call, Item, answer, run_all
from app.storage.connection import Connection, StorageUnavailableError, ThreadConnection
from app.storage.migrations import Migrations, is_current, migrate

Connect = Callable[[float], Connection]  # given the seconds that one statement may take

LARGEST_GROUP = 256
READ = "SELECT COUNT(*) FROM schema_versions"
# skips what another process touches at this moment: nobody may wait for another's health check
WRITE = """
    UPDATE schema_versions SET version = version
    WHERE feature IN (SELECT feature FROM schema_versions {skip_locked})
"""
MIGRATION_SECONDS = 600.0  # a large table takes longer than any request may


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
        try:
            with self._begin() if calls else nullcontext():  # which may wait for another process
                run_all([call for call in calls if not call.late])
        except BaseException as error:  # whatever a call raises, the thread goes on
            if len(calls) == 1:
                calls[0].value = error
            else:
                self._commit_each(calls)

    def _commit_each(self, calls: list[Call]) -> None:
        """Commit each call alone, for as long as the storage answers."""
        value: object = None
        for call in calls:
            if isinstance(value, StorageUnavailableError):
                call.value = value
            else:
                self._commit([call])
                value = None if call.late else call.value


class Storage:
    """The database of every feature, and the only way to it. Close it after its last caller.

    No caller waits longer than `seconds` for it.
    """

    def __init__(self, connect: Connect, seconds: float) -> None:
        self.connection = ThreadConnection()
        self._connect, self._seconds = connect, seconds
        writer = connect(seconds)
        try:
            reader = connect(seconds)
        except BaseException:
            writer.close()
            raise
        self._writes = Line(writer, self.connection, reads=False)
        self._reads = Line(reader, self.connection, reads=True)
        self._closed, self._lock = False, threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="storage-watch", daemon=True).start()

    def migrate(self, feature: str, migrations: Migrations) -> None:
        """Migrate the tables of a feature; raise StartError if they cannot be used."""
        check = partial(is_current, self.connection, feature, migrations)
        if not self.wait_for(Call(check, reads=True)):
            with closing(self._connect(MIGRATION_SECONDS)) as connection:
                migrate(connection, feature, migrations)

    async def ping(self) -> None:
        """Read and write, as requests do; raise StorageUnavailableError if either fails."""
        read = Call(partial(self.connection.execute, READ), reads=True)
        await asyncio.gather(self.put(read), self.put(Item(self._write, None)))

    def put(self, call: Call) -> "asyncio.Future[Any]":
        """Queue a call from this event loop; the future gets its answer after the commit."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue(call, future)
        return future

    def wait_for(self, call: Call) -> object:
        """Queue a call and wait for its answer, in a thread that may wait."""
        if threading.current_thread() in (self._reads.thread, self._writes.thread):
            raise RuntimeError("It would wait for itself. Within a store, call self.get.here(...)")
        future: Future[Any] = Future()
        self._queue(call, future)
        return future.result()

    def close(self) -> None:
        """Finish what is queued, for as long as a caller would wait; refuse later calls."""
        deadline = time.monotonic() + self._seconds
        with self._lock:
            self._closed = True
        for line in (self._reads, self._writes):
            line.end()
        for line in (self._reads, self._writes):
            line.thread.join(max(0.0, deadline - time.monotonic()))
            line.answer_late(0)
        self._ended.set()

    def _write(self, pings: Sequence[None]) -> Sequence[None]:
        """Write something that changes nothing, once for all who ask."""
        self.connection.execute(WRITE)
        return pings

    def _queue(self, call: Call, future: "asyncio.Future[Any] | Future[Any]") -> None:
        call.future = future
        line = self._reads if call.reads else self._writes
        with self._lock:  # a call behind the end would never be answered
            if self._closed:
                raise StorageUnavailableError from RuntimeError("the storage is closed")
            call.since = time.monotonic()
            line.put(call)

    def _watch(self) -> None:
        """Answer late calls, for as long as there may be any."""
        due = 0.0
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            due = min(line.answer_late(self._seconds) for line in (self._reads, self._writes))

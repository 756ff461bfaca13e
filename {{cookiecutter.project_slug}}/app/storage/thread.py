"""Group commit: the calls of many requests in few transactions, in a thread of its own.

A commit costs the same for one call as for fifty. So a thread takes all the calls that wait, runs
them in one transaction, and answers each after the commit. No timer: a lone call is committed at
once. Calls of a method that takes a list become one call, and so one statement: that matters,
because after every statement the thread must wait for Python's lock again.

Event loops, worker threads and the heartbeat all come through here, so a store needs no locks, and
is written once, without `async`. What it gains: `python -m benchmarks.tasks`, in the template.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from functools import partial
from queue import SimpleQueue
from typing import Any

from app.errors import AppError, UnavailableError
from app.kit.start import StartError
from app.storage.connection import Connection, StorageUnavailableError
from app.storage.migrations import Migrations, migrate

LARGEST_GROUP = 256


class Call:
    """A call to make, and where its answer goes: to an event loop, or a waiting thread."""

    def __init__(self, method: Callable[..., Any], *, reads: bool = False) -> None:
        self.method = method
        self.reads = reads
        self.value: Any = None
        self.future: asyncio.Future[Any] | Future[Any]

    def run(self) -> None:
        """Make the call. A refusal is an answer like any other: nothing was written for it."""
        try:
            self.value = self.method()
        except UnavailableError:
            raise
        except AppError as refusal:
            self.value = refusal

    def answer(self) -> None:
        """Set the future's value or exception; call this where the future belongs."""
        if self.future.cancelled():
            return  # the caller has gone; the call was made all the same
        if isinstance(self.value, Exception):
            self.future.set_exception(self.value)
        else:
            self.future.set_result(self.value)


class Item(Call):
    """A call of a method that takes a list, with one item, which joins those of other callers."""

    def __init__(self, method: Callable[..., Any], item: object) -> None:
        super().__init__(method)
        self.item = item


class Storage:
    """The database of every feature, and the only way to it. Close it after its last caller."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._closed, self._lock = False, threading.Lock()
        self._thread = threading.Thread(target=self._work, name="storage", daemon=True)
        self._thread.start()

    def migrate(self, feature: str, migrations: Migrations) -> None:
        """Migrate the tables of a feature; raise StartError if they cannot be used."""
        try:
            self.wait_for(Call(partial(migrate, self.connection, feature, migrations)))
        except StorageUnavailableError as error:
            raise StartError(f"DATABASE_URL cannot be used: {error.__cause__}") from None

    def ping(self) -> "asyncio.Future[object]":
        """Return a future, done once the database answers, or StorageUnavailableError."""
        select = partial(self.connection.execute, "SELECT COUNT(*) FROM schema_versions")
        return self.put(Call(select, reads=True))

    def put(self, call: Call) -> "asyncio.Future[Any]":
        """Queue a call from this event loop; the future gets its answer after the commit."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue(call, future)
        return future

    def wait_for(self, call: Call) -> object:
        """Queue a call and wait for its answer, in a thread that may wait."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("It would wait for itself. Within a store, call self.get.here(...)")
        future: Future[Any] = Future()
        self._queue(call, future)
        return future.result()

    def close(self) -> None:
        """Finish what is queued, and close the connection; later calls are refused."""
        with self._lock:
            self._closed = True
            self._calls.put(None)
        self._thread.join()
        self.connection.close()

    def _queue(self, call: Call, future: "asyncio.Future[Any] | Future[Any]") -> None:
        call.future = future
        with self._lock:  # a call behind the end would never be answered
            if self._closed:
                raise StorageUnavailableError from RuntimeError("the storage is closed")
            self._calls.put(call)

    def _work(self) -> None:
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

    def _commit(self, calls: list[Call]) -> None:
        """Commit the calls together, or each alone if that fails."""
        try:
            with nullcontext() if all(c.reads for c in calls) else self.connection.transaction():
                run_all(calls)
        except Exception as error:
            if len(calls) == 1:
                calls[0].value = error
                return
            for reads in (False, True):  # a file that cannot be written can still be read
                self._commit_each([call for call in calls if call.reads == reads])

    def _commit_each(self, calls: list[Call]) -> None:
        """Commit each call alone, for as long as the storage answers."""
        value: object = None
        for call in calls:
            if isinstance(value, StorageUnavailableError):
                call.value = value
            else:
                self._commit([call])
                value = call.value


def run_all(calls: list[Call]) -> None:
    """Run the calls of a method that takes a list as one, and the others one by one, in order."""
    together: dict[Callable[..., Any], list[Item]] = {}
    for call in calls:
        if isinstance(call, Item):
            together.setdefault(call.method, []).append(call)
    for method, same in together.items():
        for call, value in zip(same, method([call.item for call in same]), strict=True):
            call.value = value
    for call in calls:
        if not isinstance(call, Item):
            call.run()


def answer(calls: list[Call]) -> None:
    """Answer each call where it came from, and wake each event loop only once."""
    loops: dict[asyncio.AbstractEventLoop, list[Call]] = {}
    for call in calls:
        if isinstance(call.future, Future):
            call.answer()
        else:
            loops.setdefault(call.future.get_loop(), []).append(call)
    for loop, group in loops.items():
        with suppress(RuntimeError):  # the loop has ended, and its callers with it
            loop.call_soon_threadsafe(answer_here, group)


def answer_here(calls: list[Call]) -> None:
    """Answer calls of the running event loop."""
    for call in calls:
        call.answer()

"""The one way to the database: calls of any event loop or thread, to two threads of its own.

Calls that write are committed in groups; those that read have a thread and a connection to
themselves, and never wait for a write. Event loops, worker threads and the heartbeat all come
through here, so a store needs no locks, and is written once, without `async`.

A third thread answers whoever has waited for STORAGE_SECONDS, whatever the other two wait for.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from typing import Any

from app.storage.calls import Call, Item
from app.storage.connection import Connection, StorageUnavailableError, ThreadConnection
from app.storage.line import Line
from app.storage.migrations import Migrations, is_current, migrate

Connect = Callable[[float], Connection]  # given the seconds that one statement may take

READ = "SELECT at FROM storage_pings"
# A value that changes: SQLite writes nothing when a row stays the same. What another process writes
# at this moment is skipped: nobody may wait for another's health check.
WRITE = """
    UPDATE storage_pings SET at = {now} WHERE id IN (SELECT id FROM storage_pings {skip_locked})
"""
MIGRATIONS = (
    (
        "CREATE TABLE IF NOT EXISTS storage_pings (id INTEGER PRIMARY KEY, at {real} NOT NULL)",
        "INSERT INTO storage_pings VALUES (1, {now}) ON CONFLICT DO NOTHING",
    ),
)
MIGRATION_SECONDS = 600.0  # a large table takes longer than any request may


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
        try:
            self.migrate("storage", MIGRATIONS)
        except BaseException:
            self.close()
            raise

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
        """Need room and write, but change nothing, once for all who ask."""
        self.connection.execute("{need_room}")  # an update finds room where the row was
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

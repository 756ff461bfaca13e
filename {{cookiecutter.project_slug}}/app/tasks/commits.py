"""Group commit: the calls of many requests in few transactions, in a thread of its own.

A commit costs the same for one call as for fifty. So a thread takes all the calls that wait, runs
them in one transaction, and answers each after the commit. No timer: a call alone is committed
alone, at once. Calls of a method that takes a list become one call, and so one statement: that
matters, because after every statement the thread must wait for Python's lock again.

Event loops, worker threads and the heartbeat all come through here, so the repository itself needs
no locks, and is written once, without `async`.
"""

import asyncio
import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar, cast

from app.errors import AppError, UnavailableError
from app.storage.database import StorageUnavailableError
from app.tasks.repository import LeaseLostError, TaskRepository

P = ParamSpec("P")
T = TypeVar("T")
ItemT = TypeVar("ItemT")
Each = Callable[[Sequence[ItemT]], Sequence[T | Exception]]

LARGEST_GROUP = 256
REFUSALS = (AppError, LeaseLostError)


class Call:
    """What is to be called, and where its answer goes: to an event loop, or a waiting thread."""

    def __init__(
        self,
        method: Callable[..., Any],
        item: object = None,
        each: bool = False,
        reads: bool = False,
    ) -> None:
        self.method = method
        self.item = item
        self.each = each
        self.reads = reads
        self.value: Any = None
        self.future: asyncio.Future[Any] | Future[Any] = Future()

    def run(self) -> None:
        """Call. A refusal is an answer like any other: nothing was written for it."""
        try:
            self.value = self.method()
        except UnavailableError:
            raise
        except REFUSALS as refusal:
            self.value = refusal

    def answer(self) -> None:
        """Give the value, or raise it; to be called where the future belongs."""
        if self.future.cancelled():
            return  # the caller has gone; what it wanted is done all the same
        if isinstance(self.value, Exception):
            self.future.set_exception(self.value)
        else:
            self.future.set_result(self.value)


class GroupCommit:
    """The only way to a repository that several threads use. Close it after its last caller."""

    def __init__(self, repository: TaskRepository) -> None:
        self.repository = repository
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="task-commits", daemon=True)
        self._thread.start()

    async def run(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the repository, and return once what it wrote is committed."""
        call = Call(functools.partial(method, *args, **kwargs))
        return cast("T", await self._awaited(call))

    async def read(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method that only reads: it need not wait for another process that writes."""
        call = Call(functools.partial(method, *args, **kwargs), reads=True)
        return cast("T", await self._awaited(call))

    async def run_each(self, method: Each[ItemT, T], item: ItemT) -> T:
        """Call a method that takes a list, together with everyone who does so just now."""
        return cast("T", await self._awaited(Call(method, item, each=True)))

    def wait(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what `run` does, in a thread that may wait."""
        return cast("T", self._queued(Call(functools.partial(method, *args, **kwargs))).result())

    def submit_each(self, method: Each[ItemT, T], item: ItemT) -> "Future[T]":
        """Do what `run_each` does; the future is for a thread that may wait."""
        return self._queued(Call(method, item, each=True))

    def close(self) -> None:
        """Finish what is queued, and close the repository."""
        self._calls.put(None)
        self._thread.join()
        self.repository.close()

    async def _awaited(self, call: Call) -> object:
        call.future = asyncio.get_running_loop().create_future()
        self._calls.put(call)
        return await call.future

    def _queued(self, call: Call) -> "Future[Any]":
        self._calls.put(call)
        return cast("Future[Any]", call.future)

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

    def _commit(self, calls: list[Call]) -> Exception | None:
        """Commit the calls together; the error, if there was one."""
        only_reads = all(call.reads for call in calls)
        try:
            with nullcontext() if only_reads else self.repository.transaction():
                run_all(calls)
        except Exception as error:
            if len(calls) > 1:
                return self._commit_each(calls)
            calls[0].value = error
            return error
        return None

    def _commit_each(self, calls: list[Call]) -> Exception | None:
        """Nothing of a group was kept: try each call alone, for as long as the storage answers."""
        down = None
        for call in calls:
            if down:
                call.value = down
            else:
                error = self._commit([call])
                down = error if isinstance(error, StorageUnavailableError) else None
        return down


def run_all(calls: list[Call]) -> None:
    """Run calls of the same listing method as one, and the others one by one, as they came."""
    together: dict[Callable[..., Any], list[Call]] = {}
    for call in calls:
        if call.each:
            together.setdefault(call.method, []).append(call)
    for method, same in together.items():
        for call, value in zip(same, method([call.item for call in same]), strict=True):
            call.value = value
    for call in calls:
        if not call.each:
            call.run()


def answer(calls: list[Call]) -> None:
    """Answer each call where it came from, and wake each event loop once."""
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

"""Calls to the storage: from an event loop or a thread, alone or as one item of a list."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from copy import copy
from typing import Any

from app.errors import AppError, UnavailableError
from app.storage.connection import StorageUnavailableError


class Call:
    """A call to make, and where its answer goes: to an event loop, or a waiting thread."""

    def __init__(self, method: Callable[..., Any], *, reads: bool = False) -> None:
        self.method = method
        self.reads = reads
        self.since = 0.0  # when it was queued, by the monotonic clock
        self.late = False  # the caller has been told that it took too long
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
        if self.future.done():
            return  # the caller has gone, or was told that it took too long
        with suppress(InvalidStateError):  # told at this moment, by another thread
            if isinstance(self.value, BaseException):
                self.future.set_exception(for_a_caller(self.value))
            else:
                self.future.set_result(self.value)

    def too_late(self, seconds: float) -> "Call":
        """Return a copy whose answer is that it took too long; the call itself may still run."""
        told = copy(self)
        told.value = StorageUnavailableError()
        told.value.__cause__ = TimeoutError(f"no answer within {seconds:g} s")
        return told


class Item(Call):
    """A call of a method that takes a list, with one item, which joins those of other callers."""

    def __init__(self, method: Callable[..., Any], item: object) -> None:
        super().__init__(method)
        self.item = item


def for_a_caller(error: BaseException) -> Exception:
    """Return the error as it may be raised anywhere.

    An asyncio future refuses StopIteration, and SystemExit would end the caller's event loop.
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    raised = RuntimeError(f"A call to the storage raised {type(error).__name__}")
    raised.__cause__ = error
    return raised


def run_all(calls: Sequence[Call]) -> None:
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


def answer(calls: Sequence[Call]) -> None:
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


def answer_here(calls: Sequence[Call]) -> None:
    """Answer calls of the running event loop."""
    for call in calls:
        call.answer()

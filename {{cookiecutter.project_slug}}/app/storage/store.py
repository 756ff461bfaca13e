"""What a feature's store is made of: plain methods, marked with what they do to the storage.

    class Notes(Store):
        @reads
        def get(self, note_id: str) -> Note: ...      # plain: runs in the storage's thread

    note = await notes.get("a")        # in an event loop
    note = notes.get.sync("a")         # in a thread that may wait

The caller need not know whether a call reads, writes or joins a list, and no method has a twin to
be kept in step. One method calls another in the same transaction with `self.get.here(…)`.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from app.storage.calls import Call, Item
from app.storage.thread import Storage

P = ParamSpec("P")
T = TypeVar("T")
ItemT = TypeVar("ItemT")
StoreT = TypeVar("StoreT", bound="Store")


class Store:
    """A feature's part of the storage."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.connection = storage.connection


class Bound(Generic[P, T]):
    """A marked method of one store."""

    def __init__(self, store: Store, method: "Method[P, T]") -> None:
        self._store, self._method = store, method

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Queue the call; await its value, which comes after the commit of what it wrote."""
        return self._store.storage.put(self._method.call(self._store, *args, **kwargs))

    def sync(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Wait for the value, in a thread that may wait."""
        call = self._method.call(self._store, *args, **kwargs)
        return cast("T", self._store.storage.wait_for(call))

    def here(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it from another method of the store, in the same transaction."""
        return cast("T", self._method.function(self._store, *args, **kwargs))


class Method(Generic[P, T]):
    """A method of a store class, marked with what it does."""

    def __init__(self, function: Callable[..., Any], call: Callable[..., Call]) -> None:
        self.__doc__ = function.__doc__
        self.function, self.call = function, call

    @overload
    def __get__(self, store: None, owner: type) -> Self: ...
    @overload
    def __get__(self, store: Store, owner: type) -> Bound[P, T]: ...
    def __get__(self, store: Store | None, owner: type) -> Self | Bound[P, T]:
        """Bind the method to a store, as Python does with functions."""
        return self if store is None else Bound(store, self)


def reads(function: Callable[Concatenate[StoreT, P], T]) -> Method[P, T]:
    """Mark a method that only reads: it need not wait for another process that writes."""

    def call(store: StoreT, *args: P.args, **kwargs: P.kwargs) -> Call:
        return Call(partial(function, store, *args, **kwargs), reads=True)

    return Method(function, call)


def writes(function: Callable[Concatenate[StoreT, P], T]) -> Method[P, T]:
    """Mark a method that writes: its value is returned once what it wrote is committed."""

    def call(store: StoreT, *args: P.args, **kwargs: P.kwargs) -> Call:
        return Call(partial(function, store, *args, **kwargs))

    return Method(function, call)


def gathers(
    function: Callable[[StoreT, Sequence[ItemT]], Sequence[T | Exception]],
) -> Method[[ItemT], T]:
    """Mark a method that writes a list: a caller passes one item, which joins those of others.

    For each item it returns a value, or an exception to raise for that item alone.
    """

    def call(store: StoreT, item: ItemT) -> Call:
        return Item(function.__get__(store), item)

    return Method(function, call)

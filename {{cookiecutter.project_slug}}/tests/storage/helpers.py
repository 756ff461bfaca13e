"""A storage for one test, and stores whose methods can be called directly."""

from asyncio import Future
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from app.storage.opening import connect, open_storage
from app.storage.settings import StorageSettings
from app.storage.sqlite import BUSY_SECONDS
from app.storage.store import Store
from app.storage.thread import Call, Item, Storage

StoreT = TypeVar("StoreT", bound=Store)


def at(path: Path, **settings: str) -> StorageSettings:
    """Return the settings of a storage in this file."""
    return StorageSettings.model_validate({"database_url": f"sqlite:///{path}", **settings})


@contextmanager
def opened(path: Path, busy_seconds: float = BUSY_SECONDS, **settings: str) -> Iterator[Storage]:
    """Open the storage in this file, and close it at the end."""
    with closing(open_storage(at(path, **settings), busy_seconds)) as storage:
        yield storage


class Changed(Storage):
    """A storage in which some methods of the stores, given by name, do something else.

    The replacement is called with the call that it replaces.
    """

    def __init__(
        self, settings: StorageSettings, changes: Mapping[str, Callable[[Call], object]]
    ) -> None:
        super().__init__(connect(settings, BUSY_SECONDS))
        self.changes = changes

    def put(self, call: Call) -> "Future[Any]":
        """Queue the call, or its replacement."""
        return super().put(self.changed(call))

    def wait_for(self, call: Call) -> object:
        """Wait for the call, or its replacement."""
        return super().wait_for(self.changed(call))

    def changed(self, call: Call) -> Call:
        """Return the call, or its replacement."""
        method: Any = call.method
        function = method.__func__ if isinstance(call, Item) else getattr(method, "func", method)
        change = self.changes.get(function.__name__)
        return Call(partial(change, call)) if change else call


class Direct(Generic[StoreT]):
    """Calls the methods of a store directly, each call in its own transaction.

    A method that takes a list gets a list, and returns one.
    """

    def __init__(self, store: StoreT) -> None:
        self.store = store
        self.storage = store.storage

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(type(self.store), name).function
        return partial(self.run, partial(function, self.store))

    def run(self, function: Callable[..., Any], *args: object, **kwargs: object) -> Any:  # noqa: ANN401
        """Call a function in the storage's thread, in a transaction."""
        return self.storage.wait_for(Call(partial(function, *args, **kwargs)))

    def execute(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement outside any transaction."""
        call = Call(partial(self.storage.connection.execute, statement, **values), reads=True)
        return cast("list[tuple[Any, ...]]", self.storage.wait_for(call))

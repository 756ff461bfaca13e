"""A storage for one test, and stores whose methods can be called directly."""

from asyncio import Future
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from app.storage.calls import Call, Item
from app.storage.connection import Connection
from app.storage.opening import connector, open_storage
from app.storage.settings import StorageSettings
from app.storage.sqlite import SqliteConnection
from app.storage.store import Store
from app.storage.thread import Storage

StoreT = TypeVar("StoreT", bound=Store)


SECONDS = 5.0


def at(path: Path, **settings: object) -> StorageSettings:
    """Return the settings of a storage in this file."""
    return StorageSettings.model_validate({"database_url": f"sqlite:///{path}", **settings})


@contextmanager
def opened(path: Path, **settings: object) -> Iterator[Storage]:
    """Open the storage in this file, and close it at the end."""
    with closing(open_storage(at(path, **settings))) as storage:
        yield storage


def storage_of(writer: Connection, path: Path, seconds: float = SECONDS) -> Storage:
    """Return a storage that writes with this connection, and has others for all else."""
    connections = iter([writer])
    return Storage(lambda _: next(connections, None) or other_connection(path), seconds)


def other_connection(path: Path) -> SqliteConnection:
    """Return one more connection to the file."""
    return SqliteConnection(path, "NORMAL", SECONDS)


class Changed(Storage):
    """A storage in which some methods of the stores, given by name, do something else.

    The replacement is called with the call that it replaces.
    """

    def __init__(
        self, settings: StorageSettings, changes: Mapping[str, Callable[[Call], object]]
    ) -> None:
        self.changes = changes
        super().__init__(connector(settings), settings.storage_seconds)

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
        """Run a statement with the connection that writes."""
        rows = self.run(self.storage.connection.execute, statement, **values)
        return cast("list[tuple[Any, ...]]", rows)

"""What a store needs of a database: a connection, and how that database spells things."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from app.errors import UnavailableError

Row = tuple[Any, ...]


class StorageUnavailableError(UnavailableError):
    """The storage does not answer. Send the request again; an Idempotency-Key makes that safe."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a database spells what the other spells differently; statements have it in braces."""

    clock: str = "{now}"  # the time at this moment; `now` may be when the transaction began
    now: str
    serial: str
    blob: str
    real: str
    rows: str
    skip_locked: str
    lock_schema: str
    need_room: str

    def __call__(self, statement: str) -> str:
        """Return the statement as this database wants it."""
        for name, spelling in vars(self).items():
            statement = statement.replace("{" + name + "}", spelling)
        return statement


class Connection(Protocol):
    """A connection in autocommit mode, for one thread. Statements have `:name` for a value."""

    def execute(self, statement: str, **values: object) -> list[Row]:
        """Run a statement and return its rows, or raise StorageUnavailableError."""

    def transaction(self) -> AbstractContextManager[object]:
        """Commit at the end, roll back on an exception."""

    def close(self) -> None:
        """Close the connection."""


class ThreadConnection(threading.local):
    """For each of the storage's threads, its own connection: what a store is given."""

    connection: Connection

    def execute(self, statement: str, **values: object) -> list[Row]:
        """Run a statement with the connection of this thread."""
        return self.connection.execute(statement, **values)


@contextmanager
def storage_errors(*driver_errors: type[Exception]) -> Iterator[None]:
    """Raise any error of a driver (gone, locked, full, refused) as StorageUnavailableError."""
    try:
        yield
    except driver_errors as error:
        raise StorageUnavailableError from error

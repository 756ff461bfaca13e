"""Postgres: for processes on several machines."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg

from app.kit.start import StartError
from app.storage.connection import Dialect, Row, storage_errors

CONNECT_SECONDS = 3
PAUSE_SECONDS = 0.2
EXAMPLE = "like postgresql://user:password@host:5432/database"
MIGRATION_LOCK = 7_083_541_206  # any number that no other program locks

POSTGRES = Dialect(
    now="extract(epoch FROM now())::double precision",
    serial="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    blob="BYTEA",
    real="DOUBLE PRECISION",
    rows="jsonb_array_elements(CAST(:rows AS jsonb)) AS each_row (value)",
    skip_locked="FOR UPDATE SKIP LOCKED",
    lock_schema=f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})",
)


@cache
def prepare(statement: str) -> str:
    """Return a statement of `sql.py` as psycopg wants it."""
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", POSTGRES(statement))


class PostgresConnection:
    """A connection, for one thread at a time, that is made again after it was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._next_try = 0.0
        self._connection = self._connect()

    def execute(self, statement: str, **values: object) -> list[Row]:
        """Run a statement and return its rows."""
        with storage_errors(psycopg.Error):
            cursor = self._live().execute(prepare(statement).encode(), values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on an exception."""
        with storage_errors(psycopg.Error), self._live().transaction():
            yield

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _live(self) -> "psycopg.Connection[Row]":
        if self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> "psycopg.Connection[Row]":
        """Connect; after a failure, refuse for a moment: a group's calls must not each wait."""
        if time.monotonic() < self._next_try:
            raise psycopg.OperationalError("Postgres was unavailable a moment ago")
        try:
            return psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_SECONDS)
        except psycopg.OperationalError:
            self._next_try = time.monotonic() + PAUSE_SECONDS
            raise


def open_postgres(url: str) -> PostgresConnection:
    """Connect to this database; raise StartError if it cannot be used."""
    try:
        return PostgresConnection(url)
    except psycopg.ProgrammingError:  # its message may contain part of the password
        raise StartError(f"DATABASE_URL is not {EXAMPLE}") from None
    except psycopg.Error as error:
        cause, *_ = str(error).partition("\n")
        raise StartError(f"DATABASE_URL cannot be used: {cause}") from None

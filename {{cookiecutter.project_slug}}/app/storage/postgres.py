"""Postgres: for processes on several machines."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

import psycopg
import psycopg.errors
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from app.kit.start import StartError
from app.storage.connection import Dialect, Row, storage_errors

PAUSE_SECONDS = 0.2  # between two attempts to connect, for those who wait
CANCEL_SECONDS = 1.0
Values = dict[str, object] | None
EXAMPLE = "like postgresql://user:password@host:5432/database"
MIGRATION_LOCK = 7_083_541_206  # any number that no other program locks
# what the address says comes first; nothing here is sent to the server, and PgBouncer accepts it
NETWORK = {
    "connect_timeout": 3,
    "keepalives_idle": 30,  # notices a peer that is gone, before a request does
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
}

POSTGRES = Dialect(
    now="extract(epoch FROM now())::double precision",
    clock="extract(epoch FROM clock_timestamp())::double precision",
    serial="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    blob="BYTEA",
    real="DOUBLE PRECISION",
    rows="jsonb_array_elements(CAST(:rows AS jsonb)) AS each_row (value)",
    skip_locked="FOR UPDATE SKIP LOCKED",
    lock_schema=f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})",
    # more rows than it may hold in memory: they need a file for a moment, and leave nothing behind
    need_room="SET LOCAL work_mem = 64; SELECT COUNT(*) FROM generate_series(1, 10000); "
    "SET LOCAL work_mem TO DEFAULT",
)


@cache
def prepare(statement: str) -> bytes:
    """Return a statement of `sql.py` as psycopg wants it."""
    return re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", POSTGRES(statement)).encode()


class SilentError(psycopg.OperationalError):
    """The server has not answered in time."""


class LimitedConnection(psycopg.Connection[Row]):
    """A connection that gives up a server that stays silent."""

    seconds: float

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for an answer of the server, or raise SilentError."""
        try:
            return super().wait(gen, interval, timeout or self.seconds)
        except psycopg.errors._WaitTimeout:
            raise SilentError(f"no answer within {self.seconds:g} s") from None


class Server:
    """The server at an address, and how often a connection to it was given up."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.losses = 0

    def open(self, seconds: float) -> "PostgresConnection":
        """Connect; raise StartError if the database cannot be used."""
        try:
            connection = PostgresConnection(self, seconds)
        except psycopg.ProgrammingError:  # its message may contain part of the password
            raise StartError(f"DATABASE_URL is not {EXAMPLE}") from None
        except psycopg.Error as error:
            cause, *_ = str(error).partition("\n")
            raise StartError(f"DATABASE_URL cannot be used: {cause}") from None
        if (encoding := connection.encoding) not in ("UTF8", None):
            connection.close()
            raise StartError(
                f"DATABASE_URL: the database is in {encoding}, which cannot hold every "
                "text: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
            )
        return connection

    def connect(self, seconds: float) -> LimitedConnection:
        """Return a new connection, which waits this long for an answer."""
        address = make_conninfo("", **NETWORK | conninfo_to_dict(self._url))
        # never prepared: behind PgBouncer, that may be the statement of another session
        connection = LimitedConnection.connect(address, autocommit=True, prepare_threshold=None)
        connection.seconds = seconds
        return connection


class PostgresConnection:
    """A connection, for one thread at a time, that is made again after any error of the server.

    The server may be gone, silent, or read-only because another one has taken its place.
    """

    def __init__(self, server: Server, seconds: float) -> None:
        self._server, self._seconds, self._next_try = server, seconds, 0.0
        # so that the server ends a transaction whose process is frozen or cut off
        limit = f"SET LOCAL idle_in_transaction_session_timeout = {seconds * 2000:.0f}"
        self._begin = f"BEGIN; {limit}".encode()
        self._in_transaction = self._lost = False
        self._connection = self._connect()

    def execute(self, statement: str, **values: object) -> list[Row]:
        """Run a statement and return its rows."""
        with self._errors():
            execute = self._connection.execute if self._in_transaction else self._execute_first
            cursor = execute(prepare(statement), values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on an exception."""
        with self._errors():
            self._execute_first(self._begin)
            self._in_transaction = True
            try:
                yield
                self._connection.execute(b"COMMIT")
            except BaseException:
                if not self._lost:
                    self._connection.execute(b"ROLLBACK")
                raise
            finally:
                self._in_transaction = False

    @property
    def encoding(self) -> str | None:
        """The encoding of the database; None if nothing tells."""
        return self._connection.info.parameter_status("server_encoding")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _execute_first(self, statement: bytes, values: Values = None) -> "psycopg.Cursor[Row]":
        """Run it, and again if the connection was lost before: nothing has begun by then."""
        connection = self._live()
        try:
            return connection.execute(statement, values)
        except (SilentError, psycopg.errors.DiskFull):
            raise
        except psycopg.OperationalError:
            self._give_up()
            return self._live().execute(statement, values)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise StorageUnavailableError, and give the connection up if the server is the cause."""
        with storage_errors(psycopg.Error):
            try:
                yield
            except psycopg.errors.DiskFull:  # a new connection has no more room, and many would try
                raise
            except (psycopg.OperationalError, psycopg.InternalError):
                self._give_up()
                raise

    def _give_up(self) -> None:
        """Close the connection; every other one to the server is made again, too."""
        if not self._lost:
            self._lost = True
            self._server.losses += 1
            with suppress(psycopg.Error):  # or it goes on in the server, waiting for a lock perhaps
                if self._connection.info.transaction_status == TransactionStatus.ACTIVE:
                    self._connection.cancel_safe(timeout=CANCEL_SECONDS)
            self._connection.close()

    def _live(self) -> LimitedConnection:
        """Return the connection; not at once if it was lost a moment ago, or many would wait."""
        if self._lost and time.monotonic() < self._next_try:
            raise psycopg.OperationalError("Postgres was unavailable a moment ago")
        if self._lost or self._losses != self._server.losses:
            self._connection.close()
            self._lost = True
            self._connection = self._connect()
            self._lost = False
        return self._connection

    def _connect(self) -> LimitedConnection:
        self._losses = self._server.losses
        try:
            return self._server.connect(self._seconds)
        except psycopg.Error:
            self._next_try = time.monotonic() + PAUSE_SECONDS
            raise

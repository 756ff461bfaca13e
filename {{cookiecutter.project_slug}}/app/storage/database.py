"""The service's SQLite file: opened once in each worker process, and safe for several.

The schema is a list of migrations. `PRAGMA user_version` counts those that a file has had, so an
older file is brought forward at the start, and a newer one is refused.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic

import aiosqlite

from app.errors import UnavailableError
from app.kit.start import StartError

BUSY_SECONDS = 5.0

MIGRATIONS = (
    """
    CREATE TABLE predictions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT
    """,
)


class StorageUnavailableError(UnavailableError):
    """The storage does not answer; nothing was stored."""


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """A connection, in autocommit mode, to a file that has every migration; else StartError."""
    async with AsyncExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connecting = aiosqlite.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            database = await stack.enter_async_context(connecting)
            await use_write_ahead_log(database)
            # a crash of the process loses nothing; a power cut may lose the last moments
            await database.execute("PRAGMA synchronous = NORMAL")
            await migrate(database, path)
        except (OSError, sqlite3.Error) as error:
            raise StartError(f"DATABASE_PATH: {path} cannot be used: {error}") from None
        yield database


async def use_write_ahead_log(database: aiosqlite.Connection) -> None:
    """Let readers and the writer not wait for each other."""
    deadline = monotonic() + BUSY_SECONDS
    while True:
        try:
            await database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:  # alone among statements, it does not wait for its turn
            if monotonic() > deadline:
                raise
            await asyncio.sleep(0.01)
        else:
            return


async def migrate(database: aiosqlite.Connection, path: Path) -> None:
    """Run the migrations that the file has not had, in one transaction, one process at a time."""
    await database.execute("BEGIN IMMEDIATE")
    async with database.execute("PRAGMA user_version") as cursor:
        (version,) = await cursor.fetchone() or (0,)
    if version > len(MIGRATIONS):
        raise StartError(
            f"DATABASE_PATH: {path} has schema {version}, and this app knows {len(MIGRATIONS)}. "
            "Run the newer app, or name another file."
        )
    for migration in MIGRATIONS[version:]:
        await database.execute(migration)
    await database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    await database.execute("COMMIT")


@contextmanager
def storage_errors() -> Iterator[None]:
    """Disk full, locked, gone: whatever SQLite says becomes `StorageUnavailableError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageUnavailableError from error

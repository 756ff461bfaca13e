"""SQLite: embedded, in one file, and safe for several processes on one machine."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from stat import S_ISDIR

from app.kit.start import StartError
from app.storage.checkpoints import LOG_PAGES, Checkpoints
from app.storage.connection import Dialect, Row, storage_errors

LARGEST_LOG = 2**25  # bytes that the log keeps of the disk after a large transaction
ROOM_BYTES = 2**25  # of the disk that the file leaves free: what is removed needs room in the log
ROOM_SECONDS = 0.5  # from one look at the disk to the next

SQLITE = Dialect(
    now="round((julianday('now') - 2440587.5) * 86400.0, 3)",  # its clock has milliseconds
    serial="INTEGER PRIMARY KEY AUTOINCREMENT",
    blob="BLOB",
    real="REAL",
    rows="json_each(:rows)",
    skip_locked="",  # there is one writer at a time
    lock_schema="SELECT 1",
    need_room="UPDATE storage_pings SET at = zeroblob(32768)",  # eight pages, for a moment
)


prepare = cache(SQLITE)


class SqliteConnection:
    """A connection to the file, for one thread at a time.

    A statement waits `busy_seconds` for another process that writes.
    """

    def __init__(self, path: Path, synchronous: str, busy_seconds: float) -> None:
        self._path, self._look_at = path.absolute(), 0.0
        self._folder = str(self._path.parent)
        self._folder_seen: tuple[int, int, int] | None = None
        self._names = [f"{self._path}{suffix}" for suffix in ("", "-wal", "-shm")]
        self._checkpoints, self._busy_seconds = Checkpoints(self._path), busy_seconds
        create_for_the_owner(self._path)
        self._connection = sqlite3.connect(
            self._path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
        with ExitStack() as stack:
            stack.enter_context(closing(self._connection))
            self._use_write_ahead_log(busy_seconds)
            # one damaged text must not keep a list from being read, or a queue
            self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
            self._connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._connection.execute("PRAGMA foreign_keys = ON")
            # Debian's SQLite writes zeros over what is removed: a removal would need as much room
            self._connection.execute("PRAGMA secure_delete = FAST")
            self._connection.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG}")
            self._connection.execute("SELECT 1 FROM sqlite_master")  # opens the log
            self._files = [identify(name) for name in self._names]
            stack.pop_all()

    def execute(self, statement: str, **values: object) -> list[Row]:
        """Run a statement and return its rows."""
        with storage_errors(sqlite3.Error):
            return self._connection.execute(prepare(statement), values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Wait for the turn to write, then commit at the end, or roll back on an exception."""
        with storage_errors(sqlite3.Error, OSError):
            if time.monotonic() >= self._look_at:
                self._keep_room()
            # at once, because a lock that is taken at the first write does not wait for its turn
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._check_files()
                self._connection.execute("COMMIT")
                self._checkpoints.count_commit()
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        self._checkpoints.close(self._busy_seconds)
        self._connection.close()

    def _check_files(self) -> None:
        """Refuse to commit to a file that was removed or replaced: nobody would find it there."""
        folder = identify(self._folder)
        if folder == self._folder_seen:  # one look instead of three: nothing came or went
            return
        if [identify(name) for name in self._names] != self._files:
            raise sqlite3.OperationalError(
                f"{self._path} (or its -wal or -shm) was removed or replaced: "
                "put it back, or restart"
            )
        self._folder_seen = folder

    def _keep_room(self) -> None:
        """Let the file grow by half of the room there is: what it grows by is in the log first."""
        self._look_at = time.monotonic() + ROOM_SECONDS
        ((pages,),) = self._connection.execute("PRAGMA page_count")
        ((page_bytes,),) = self._connection.execute("PRAGMA page_size")
        try:
            written, disk = self._path.stat().st_size, shutil.disk_usage(self._path.parent)
        except OSError:  # in memory, or removed meanwhile
            return
        kept = min(ROOM_BYTES, disk.total // 16)
        room = disk.free - (pages * page_bytes - written) - kept
        most = pages + max(0, room) // 2 // page_bytes
        self._connection.execute(f"PRAGMA max_page_count = {most}")
        # what is written where the file has room already grows the log, too: it must find room here
        log = min(LOG_PAGES, kept // 2 // page_bytes)
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {log}")

    def _use_write_ahead_log(self, busy_seconds: float) -> None:
        deadline = time.monotonic() + busy_seconds
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:  # unlike all other statements, it does not wait
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def identify(path: str) -> tuple[int, int, int] | None:
    """Return what tells a file from every other, and when a folder changed; None if missing."""
    try:
        status = os.stat(path)  # noqa: PTH116 - at every commit; a `Path` costs five times as much
    except OSError:
        return None
    changed_at = status.st_mtime_ns if S_ISDIR(status.st_mode) else 0
    return status.st_dev, status.st_ino, changed_at


def create_for_the_owner(path: Path) -> None:
    """Create the file and its folder for their owner alone, if they are missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError("it is a folder")
    with suppress(FileExistsError):  # SQLite's other files get the permissions of this one
        # never opened if it exists: closing it again would free the locks of this whole process
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def open_sqlite(path: Path, synchronous: str, busy_seconds: float) -> SqliteConnection:
    """Open the file, or create it if it is missing; raise StartError if it cannot be used."""
    if sqlite3.sqlite_version_info < (3, 38):
        raise StartError(
            f"Python's SQLite is {sqlite3.sqlite_version}, but 3.38 or newer is needed: "
            "use another Python, for example one that uv installs (uv python install)."
        )
    try:
        return SqliteConnection(path, synchronous, busy_seconds)
    except (OSError, sqlite3.Error) as error:
        raise StartError(f"DATABASE_URL: {path} cannot be used: {error}") from None

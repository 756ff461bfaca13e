"""SQLite's log is copied into its file beside the commits, in a thread of its own.

SQLite does it within a commit, once the log has a thousand pages. With `NORMAL`, nothing has
waited for the disk until then: that commit takes 5 ms, and so do the calls behind it. Here most of
the log is copied before, and SQLite, which is told to wait for more pages, finds little to do.

What it gains: `python -m benchmarks.tasks latency`, in the template.
"""

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

COMMITS = 128  # from one copy to the next
LOG_PAGES = 4000  # at which a commit copies the rest, so that the log begins anew


class Checkpoints:
    """Counts the commits of one connection, and has the log copied from time to time."""

    def __init__(self, path: Path) -> None:
        self._file = f"{path.as_uri()}?mode=rw"  # never made anew where it was removed
        self._commits = 0
        self._due, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._work, name="storage-checkpoints", daemon=True)

    def count_commit(self) -> None:
        """Count a commit; after some, wake the thread."""
        self._commits += 1
        if self._commits == COMMITS:
            self._thread.start()
        if self._commits % COMMITS == 0:
            self._due.set()

    def close(self, seconds: float) -> None:
        """End the thread, but wait no longer than this for the disk."""
        self._closed = True
        self._due.set()
        if self._thread.ident:
            self._thread.join(seconds)

    def _work(self) -> None:
        # whatever goes wrong here, a commit will meet as well, and tell
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._file, uri=True)) as connection:
            while self._due.wait() and not self._closed:
                self._due.clear()
                with suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

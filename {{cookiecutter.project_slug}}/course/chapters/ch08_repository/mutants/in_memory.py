"""Keeps the tasks in the memory of this process, as a dict would. Rejected by: two-servers."""

# file: app/tasks/store.py
from pathlib import Path

from app.storage.sqlite import open_sqlite


class TaskStore:
    def __init__(self, storage: Storage) -> None:
        own = Storage(open_sqlite(Path(":memory:"), "NORMAL", 1))
        super().__init__(own)
        own.migrate("tasks", sql.MIGRATIONS)
        self._execute = own.connection.execute

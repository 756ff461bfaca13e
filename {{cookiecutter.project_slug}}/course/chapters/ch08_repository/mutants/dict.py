"""Keeps the tasks in a dict of this process. Rejected by: two-servers."""

# file: app/tasks/repository/database.py
"""A repository that is gone with its process."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from app.tasks.schemas import Task

Row = tuple[Any, ...]
WORKER_LOST = json.dumps({"type": "urn:problem:WorkerLost", "title": "Lost", "detail": "Lost."})

from app.tasks.repository.memory import MemoryTaskRepository  # needs WORKER_LOST


class Connection(Protocol):
    """A connection that is not used."""

    def transaction(self) -> AbstractContextManager[object]:
        """Commit at the end."""

    def close(self) -> None:
        """Close the connection."""


class SqlTaskRepository(MemoryTaskRepository):
    """A repository that keeps tasks in a dict."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.close = connection.close

    def migrate(self) -> None:
        """Do nothing: there is nothing to migrate."""

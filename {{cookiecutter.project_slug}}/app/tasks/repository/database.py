"""The task repository over SQL: the same for SQLite and Postgres, which only bring a connection."""

import json
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol
from uuid import UUID

from app.kit.start import StartError
from app.tasks.repository import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    NewTask,
    Outcome,
    TaskNotFoundError,
    sql,
)
from app.tasks.repository.sql import MIGRATIONS
from app.tasks.schemas import Task, TaskState

Row = tuple[Any, ...]
WORKER_LOST = json.dumps(
    {
        "type": "urn:problem:WorkerLost",
        "title": "Worker Lost",
        "detail": "The process that ran this task ended without a word, at every attempt.",
    }
)


class Connection(Protocol):
    """A connection in autocommit mode. Statements have `:name` where a value goes."""

    def execute(self, statement: str, **values: object) -> list[Row]:
        """Run a statement of `sql.py` and give its rows; StorageUnavailableError if it cannot."""

    def write(self, statement: str, **values: object) -> int:
        """Run a statement that gives no rows; how many it has changed."""

    def transaction(self) -> AbstractContextManager[object]:
        """Commit at the end, roll back on an exception."""

    def close(self) -> None:
        """Close it."""


class SqlTaskRepository:
    """Keeps tasks in the tables `tasks` and `task_pieces`; many processes may share them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._execute = connection.execute
        self.transaction = connection.transaction
        self.close = connection.close

    def migrate(self) -> None:
        """Bring the schema forward; StartError when it is newer than this app."""
        with self.transaction():
            self._execute(sql.CREATE_VERSION)
            rows = self._execute(sql.SELECT_VERSION)
            version = rows[0][0] if rows else 0
            if version > len(MIGRATIONS):
                raise StartError(
                    f"The tasks' database has schema {version}, and this app knows "
                    f"{len(MIGRATIONS)}. Run the newer app, or name another database."
                )
            for statement in (s for migration in MIGRATIONS[version:] for s in migration):
                self._execute(statement)
            self._execute(sql.DELETE_VERSION)
            self._execute(sql.INSERT_VERSION, version=len(MIGRATIONS))

    def ping(self) -> None:
        """Return if the storage answers."""
        self._execute(sql.SELECT_VERSION)

    def add(self, tasks: Sequence[NewTask]) -> list[Task | Exception]:
        """Keep tasks and their inputs."""
        rows = json.dumps([task.row() for task in tasks])
        all_new = self._connection.write(sql.INSERT, rows=rows) == len(tasks)
        answers = [task.accepted() if all_new else self._added(task) for task in tasks]
        for task, answer in zip(tasks, answers, strict=True):
            if isinstance(answer, Task) and str(answer.id) == task.id:
                self._add_input(task)
        return answers

    def _added(self, task: NewTask) -> Task | Exception:
        """What became of a task whose group has requests that came before."""
        if task.key is None:
            return self.get(UUID(task.id))
        *row, fingerprint = self._execute(sql.SELECT_BY_KEY, key=task.key)[0]
        return as_task(row) if fingerprint == task.fingerprint else IdempotencyConflictError()

    def _add_input(self, task: NewTask) -> None:
        for number, body in enumerate(task.pieces):
            self._execute(sql.INSERT_PIECE, id=task.id, name="input", number=number, body=body)

    def get(self, task_id: UUID) -> Task:
        """The task with this id."""
        rows = self._execute(sql.SELECT_ONE, id=str(task_id))
        if not rows:
            raise TaskNotFoundError
        return as_task(rows[0])

    def page(
        self, limit: int, after: UUID | None, state: TaskState | None, kind: str | None
    ) -> list[Task]:
        """At most `limit` tasks, newest first; only those added before `after`, if given."""
        if after:
            self.get(after)
        given = {"after": after and str(after), "state": state and state.value, "kind": kind}
        values = {name: value for name, value in given.items() if value is not None}
        conditions = " AND ".join(sql.PAGE_CONDITIONS[name] for name in values) or "1 = 1"
        statement = sql.SELECT_PAGE.replace("{conditions}", conditions)
        return [as_task(row) for row in self._execute(statement, limit=limit, **values)]

    def cancel(self, task_id: UUID) -> Task:
        """End a queued task, ask a running one to stop, leave an ended one."""
        rows = self._execute(sql.CANCEL, id=str(task_id))
        return as_task(rows[0]) if rows else self.get(task_id)

    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks, the longest waiting first, or the `only` one."""
        statement = sql.CLAIM_DUE if only is None else sql.CLAIM_ONE
        rows = self._execute(statement, owner=owner, lease=lease, limit=limit, only=only)
        return [Claim(id_, kind, body, attempt, owner) for id_, kind, body, attempt in rows]

    def renew(self, owner: str, lease: float, task_ids: Collection[str]) -> dict[str, bool]:
        """Renew leases."""
        ids = json.dumps([{"id": task_id} for task_id in task_ids])
        rows = self._execute(sql.RENEW, owner=owner, lease=lease, rows=ids)
        return {task_id: bool(cancel) for task_id, cancel in rows}

    def save(
        self, claim: Claim, progress: float, number: int = 0, piece: bytes | None = None
    ) -> tuple[int, bool]:
        """Note progress and add a piece to the result."""
        size = len(piece or b"")
        rows = self._execute(sql.SAVE, progress=progress, size=size, **claim.row())
        if not rows:
            raise LeaseLostError
        if piece is not None:
            values = {"id": claim.id, "name": "result", "number": number, "body": piece}
            self._execute(sql.INSERT_PIECE, **values)
        return rows[0][0], bool(rows[0][1])

    def settle(self, ends: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """End attempts."""
        rows = json.dumps([claim.row() | outcome.row() for claim, outcome in ends])
        settled = {task_id for (task_id,) in self._execute(sql.SETTLE, rows=rows)}
        return [claim.id in settled for claim, _ in ends]

    def piece(self, task_id: str, name: str, number: int) -> bytes | None:
        """A piece of the `input` or the `result`."""
        rows = self._execute(sql.SELECT_PIECE, id=task_id, name=name, number=number)
        return rows[0][0] if rows else None

    def count_pieces(self, task_id: str, name: str) -> int:
        """How many pieces there are."""
        count: int = self._execute(sql.COUNT_PIECES, id=task_id, name=name)[0][0]
        return count

    def rescue(self, max_attempts: int) -> list[tuple[str, TaskState]]:
        """Queue the tasks whose lease has run out, or end them."""
        rows = self._execute(sql.RESCUE, max_attempts=max_attempts, problem=WORKER_LOST)
        return [(task_id, TaskState(state)) for task_id, state in rows]

    def expire(self, older_than: float) -> int:
        """Remove some tasks that ended more than this many seconds ago."""
        return len(self._execute(sql.EXPIRE, older_than=older_than))

    def dispatch(self, limit: int) -> list[str]:
        """Take up to `limit` due tasks from the outbox."""
        return [row[0] for row in self._execute(sql.DISPATCH, limit=limit)]

    def undispatch(self, task_ids: Sequence[str]) -> None:
        """Put these tasks back into the outbox."""
        for task_id in task_ids:
            self._execute(sql.UNDISPATCH, id=task_id)

    def redispatch(self, older_than: float, known: int) -> int:
        """Put the queued tasks back that were announced long ago, if the broker lost some."""
        return len(self._execute(sql.REDISPATCH, older_than=older_than, known=known))


def as_task(row: Iterable[Any]) -> Task:
    """A row with `sql.COLUMNS` as a task."""
    *values, result, problem = row
    fields = dict(zip(Task.model_fields, values, strict=False))
    return Task(
        **fields,
        result=result and json.loads(result),
        problem=problem and json.loads(problem),
    )

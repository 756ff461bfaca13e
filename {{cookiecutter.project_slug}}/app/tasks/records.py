"""What the store of tasks takes and returns: a new task, a claim, an outcome.

Every process that runs tasks has an `owner` name, new at each start. A claim gives the owner a
lease; what it writes after that counts only while the task is still running under the same owner
and attempt. So a process that was presumed dead can do no harm.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from app.errors import AppError, NotFoundError
from app.storage.connection import Row
from app.tasks.schemas import Task, TaskProblem, TaskState

UNREADABLE = TaskProblem(
    type="urn:problem:Unreadable",
    title="Unreadable",
    detail="This version of the service cannot read what was kept of this task.",
)
UNKNOWN_MOMENT = datetime.fromtimestamp(0, UTC)


class TaskNotFoundError(NotFoundError):
    """No task has this id. Finished tasks are kept for TASK_RETENTION_SECONDS."""

    title = "Task Not Found"


class IdempotencyConflictError(AppError):
    """This Idempotency-Key was used for another request; choose a new key for a new task."""

    status = 409
    title = "Idempotency Key Conflict"


class LeaseLostError(AppError):
    """The task was taken over or has ended: what this process does for it no longer counts."""

    status = 409
    title = "Lease Lost"


@dataclass(frozen=True)
class NewTask:
    """A task to add; `key` and `fingerprint` identify a request that is sent again."""

    id: str
    kind: str
    payload: str
    key: str | None = None
    fingerprint: str = ""
    pieces: Sequence[bytes] = ()
    version: int = 1
    created_at: float = field(default_factory=lambda: int(time.time() * 1000) / 1000)  # as SQLite

    def row(self) -> dict[str, object]:
        """Return the values of the task's row; each of its pieces has a row of its own."""
        return vars(self) | {"pieces": None, "size": self.size}

    @property
    def size(self) -> int:
        """The bytes that it takes up in the queue."""
        return len(self.payload.encode()) + sum(map(len, self.pieces))

    def as_task(self) -> Task:
        """Return the task as it is right after it was added."""
        return Task(
            id=UUID(self.id),
            kind=self.kind,
            state=TaskState.QUEUED,
            created_at=datetime.fromtimestamp(self.created_at, UTC),
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a task, for as long as the lease is renewed."""

    id: str
    kind: str
    payload: str
    attempt: int
    owner: str
    charged: int = 1  # those of the attempts that count, with this one

    def row(self) -> dict[str, object]:
        """Return the values by which a statement checks that this claim still holds."""
        return {"id": self.id, "owner": self.owner, "attempt": self.attempt}


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: a final state, or queued for another attempt after `delay` seconds."""

    state: TaskState
    result: str | None = None
    problem: str | None = None
    delay: float = 0.0
    charged: bool = True  # False: the task was handed back, and the attempt does not count

    def row(self) -> dict[str, object]:
        """Return the values that it writes into the task's row."""
        return vars(self) | {"state": self.state.value, "uncharged": int(not self.charged)}


def as_task(row: Row | Sequence[Any]) -> Task:
    """Return a row with `sql.COLUMNS` as a task; one that is not readable must not hide others."""
    *values, result, problem = row
    fields = dict(zip(Task.model_fields, values, strict=False))
    try:
        return Task(
            **fields,
            result=result and from_json(result, allow_inf_nan=False),
            problem=problem and from_json(problem),
        )
    except ValueError:
        return unreadable(fields)


def unreadable(fields: dict[str, Any]) -> Task:
    """Return what is certain of a task that another version of the service has kept."""
    state = TaskState.FAILED if fields["finished_at"] else TaskState.RUNNING
    if fields["state"] in set(TaskState):
        state = TaskState(fields["state"])
    return Task(
        id=fields["id"],
        kind=fields["kind"],
        state=state,
        created_at=moment(fields["created_at"]) or UNKNOWN_MOMENT,
        finished_at=moment(fields["finished_at"]),
        problem=UNREADABLE,
    )


def moment(seconds: object) -> datetime | None:
    """Return a time of the database, if it is one."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None

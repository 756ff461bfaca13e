"""What the store of tasks takes and returns: a new task, a claim, an outcome.

Every process that runs tasks has an `owner` name, new at each start. A claim gives the owner a
lease; what it writes after that counts only while the task is still running under the same owner
and attempt. So a process that was presumed dead can do no harm.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from app.errors import AppError, NotFoundError
from app.tasks.schemas import Task, TaskState


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
    created_at: float = field(default_factory=lambda: int(time.time() * 1000) / 1000)  # as SQLite

    def row(self) -> dict[str, object]:
        """Return the values of the task's row; each of its pieces has a row of its own."""
        return vars(self) | {"pieces": None}

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

"""What a store is given of a task, and what it gives: a new task, a claim, an outcome.

Every process that runs tasks has an `owner` name that is new at each start. A claim gives the owner
a lease; whatever it writes after that counts only while the task is still running under the same
owner and attempt. So a process that was thought dead can do no harm.
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
    """This Idempotency-Key came with another request before; choose a new key for a new task."""

    status = 409
    title = "Idempotency Key Conflict"


class LeaseLostError(AppError):
    """The task was taken over, or has ended: what this process does for it no longer counts."""

    status = 409
    title = "Lease Lost"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to add; `key` and `fingerprint` recognise the same request sent again."""

    id: str
    kind: str
    payload: str
    key: str | None = None
    fingerprint: str = ""
    pieces: Sequence[bytes] = ()
    created_at: float = field(default_factory=lambda: int(time.time() * 1000) / 1000)  # as SQLite

    def row(self) -> dict[str, object]:
        """Return what the task's row has of it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "payload": self.payload,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "created_at": self.created_at,
        }

    def accepted(self) -> Task:
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
        """Return the values by which a statement knows that the task is still this claim's."""
        return {"id": self.id, "owner": self.owner, "attempt": self.attempt}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: a final state, or queued for another attempt after `delay` seconds."""

    state: TaskState
    result: str | None = None
    problem: str | None = None
    delay: float = 0.0
    charged: bool = True  # False: the task was handed back, and the attempt does not count

    def row(self) -> dict[str, object]:
        """Return what it writes into the task's row."""
        return {
            "state": self.state.value,
            "result": self.result,
            "problem": self.problem,
            "delay": self.delay,
            "uncharged": int(not self.charged),
        }

"""Where tasks are kept: the interface that the repositories share, and its rules.

A repository is plain and synchronous: `app/tasks/commits.py` calls it from a thread of its own, a
Celery worker from its own process. Every process has an `owner` name that is new at each start. A
claim gives the owner a lease; whatever it writes after that counts only while the task is still
running under the same owner and attempt. So a process that was thought dead can do no harm.
"""

import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
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


class LeaseLostError(Exception):
    """The task was taken over, or has ended: what this process does for it no longer counts."""


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
        """What a row has of it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "payload": self.payload,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "created_at": self.created_at,
        }

    def accepted(self) -> Task:
        """The task as it is once it was added."""
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
        """By what a statement knows that the task is still this claim's."""
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
        """What becomes of a row by it."""
        return {
            "state": self.state.value,
            "result": self.result,
            "problem": self.problem,
            "delay": self.delay,
            "uncharged": int(not self.charged),
        }


class TaskRepository(Protocol):
    """Tasks in the order they were added. All methods may raise StorageUnavailableError."""

    def transaction(self) -> AbstractContextManager[object]:
        """What is written inside is kept as a whole at its end, or not at all."""

    def close(self) -> None:
        """Give back what the repository holds."""

    def ping(self) -> None:
        """Return if the storage answers."""

    # what the routes call

    def add(self, tasks: Sequence[NewTask]) -> list[Task | Exception]:
        """Keep tasks and their inputs.

        For each the task, or the earlier one if the same request came before, or
        IdempotencyConflictError if its key came with another request.
        """

    def get(self, task_id: UUID) -> Task:
        """The task with this id, or TaskNotFoundError."""

    def page(
        self, limit: int, after: UUID | None, state: TaskState | None, kind: str | None
    ) -> list[Task]:
        """At most `limit` tasks, newest first; only those added before `after`, if given."""

    def cancel(self, task_id: UUID) -> Task:
        """End a queued task, ask a running one to stop, leave an ended one; the task after it."""

    # what the process that runs tasks calls

    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks, the longest waiting first, or the `only` one; each is an attempt."""

    def renew(self, owner: str, lease: float, task_ids: Collection[str]) -> dict[str, bool]:
        """Renew leases; the id of each of these that the owner still runs, and whether to stop.

        A claim whose answer was lost on the way is not among them: it runs out.
        """

    def save(
        self, claim: Claim, progress: float, number: int = 0, piece: bytes | None = None
    ) -> tuple[int, bool]:
        """Note progress and add a piece to the result; its size so far, and whether to stop.

        A piece that has the number of an earlier one is that one, sent again.
        LeaseLostError when the task is no longer this claim's.
        """

    def settle(self, ends: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """End attempts; False where the task is no longer the claim's: nothing was done there."""

    def piece(self, task_id: str, name: str, number: int) -> bytes | None:
        """A piece of the `input` or the `result`, counted from 0; None after the last."""

    def count_pieces(self, task_id: str, name: str) -> int:
        """How many pieces there are."""

    # what every process does now and then

    def rescue(self, max_attempts: int) -> list[tuple[str, TaskState]]:
        """Queue the tasks whose lease has run out, or end them; each id with its new state."""

    def expire(self, older_than: float) -> int:
        """Remove some tasks that ended more than this many seconds ago; how many."""

    def dispatch(self, limit: int) -> list[str]:
        """Take up to `limit` due tasks from the outbox, to be announced to other processes."""

    def undispatch(self, task_ids: Sequence[str]) -> None:
        """Put these tasks back into the outbox: they could not be announced."""

    def redispatch(self, older_than: float, known: int) -> int:
        """Put the queued tasks back that were announced this many seconds ago; how many.

        But only when more are announced than the `known` ones that the broker says it has.
        """

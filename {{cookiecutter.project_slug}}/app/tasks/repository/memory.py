"""Tasks in memory: the SQL repositories' twin, for tests and for reading the rules in Python."""

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.tasks.repository import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    NewTask,
    Outcome,
    TaskNotFoundError,
)
from app.tasks.repository.database import WORKER_LOST
from app.tasks.schemas import Task, TaskProblem, TaskState


@dataclass
class Entry:
    """A task, and what only the repository knows of it."""

    new: NewTask
    task: Task
    due_at: float = field(default_factory=time.time)
    owner: str | None = None
    lease_ends_at: float = 0.0
    dispatched_at: float | None = None
    pieces: list[bytes] = field(default_factory=list)

    def begin(self, owner: str, lease: float) -> Claim:
        """Start an attempt."""
        self.owner, self.lease_ends_at = owner, time.time() + lease
        self.task.state = TaskState.RUNNING
        self.task.attempts += 1
        self.task.started_at = self.task.started_at or datetime.now(UTC)
        return Claim(self.new.id, self.new.kind, self.new.payload, self.task.attempts, owner)

    def end(self, outcome: Outcome) -> None:
        """End an attempt. A task that was cancelled while it ran is not tried again."""
        task, again = self.task, outcome.state is TaskState.QUEUED
        task.state = TaskState.CANCELLED if again and task.cancel_requested else outcome.state
        task.finished_at = datetime.now(UTC) if task.state.final else None
        task.attempts -= not outcome.charged
        task.result = outcome.result and json.loads(outcome.result)
        if outcome.problem:
            task.problem = TaskProblem.model_validate_json(outcome.problem)
        if task.state is TaskState.SUCCEEDED:
            task.progress, task.problem = 1, None
        self.owner, self.dispatched_at, self.due_at = None, None, time.time() + outcome.delay


class MemoryTaskRepository:
    """Keeps tasks in a dict, which remembers the order; gone with the process."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def transaction(self) -> AbstractContextManager[object]:
        """Nothing to commit: every method checks first and writes after."""
        return nullcontext()

    def close(self) -> None:
        """Nothing to give back."""

    def ping(self) -> None:
        """Memory answers."""

    def add(self, tasks: Sequence[NewTask]) -> list[Task | Exception]:
        """Keep tasks and their inputs."""
        return [self._add(task) for task in tasks]

    def _add(self, new: NewTask) -> Task | Exception:
        same_key = (e for e in self._entries.values() if new.key and e.new.key == new.key)
        entry = next(same_key, Entry(new, new.accepted()))
        self._entries.setdefault(entry.new.id, entry)
        same = entry.new.fingerprint == new.fingerprint
        return entry.task.model_copy() if same else IdempotencyConflictError()

    def get(self, task_id: UUID) -> Task:
        """The task with this id."""
        return self._entry(task_id).task.model_copy()

    def page(
        self, limit: int, after: UUID | None, state: TaskState | None, kind: str | None
    ) -> list[Task]:
        """At most `limit` tasks, newest first; only those added before `after`, if given."""
        tasks = [entry.task for entry in reversed(self._entries.values())]
        start = tasks.index(self._entry(after).task) + 1 if after else 0
        wanted = (t for t in tasks[start:] if state in (None, t.state) and kind in (None, t.kind))
        return [task.model_copy() for task in wanted][:limit]

    def cancel(self, task_id: UUID) -> Task:
        """End a queued task, ask a running one to stop, leave an ended one."""
        entry = self._entry(task_id)
        entry.task.cancel_requested |= not entry.task.state.final
        if entry.task.state is TaskState.QUEUED:
            entry.end(Outcome(TaskState.CANCELLED))
        return entry.task.model_copy()

    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks, the longest waiting first, or the `only` one."""
        due = [entry for entry in self._due() if only in (None, entry.new.id)]
        return [entry.begin(owner, lease) for entry in due[:limit]]

    def renew(self, owner: str, lease: float, task_ids: Collection[str]) -> dict[str, bool]:
        """Renew leases."""
        running = [e for e in self._in_state(TaskState.RUNNING) if e.new.id in task_ids]
        for entry in (mine := [entry for entry in running if entry.owner == owner]):
            entry.lease_ends_at = time.time() + lease
        return {entry.new.id: entry.task.cancel_requested for entry in mine}

    def save(
        self, claim: Claim, progress: float, number: int = 0, piece: bytes | None = None
    ) -> tuple[int, bool]:
        """Note progress and add a piece to the result."""
        if not (entry := self._held(claim)):
            raise LeaseLostError
        entry.task.progress = progress
        if piece is not None and number == len(entry.pieces):
            entry.pieces.append(piece)
        return sum(map(len, entry.pieces)), entry.task.cancel_requested

    def settle(self, ends: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """End attempts."""
        return [self._settle(claim, outcome) for claim, outcome in ends]

    def _settle(self, claim: Claim, outcome: Outcome) -> bool:
        if entry := self._held(claim):
            entry.end(outcome)
        return entry is not None

    def piece(self, task_id: str, name: str, number: int) -> bytes | None:
        """A piece of the `input` or the `result`."""
        return dict(enumerate(self._pieces(task_id, name))).get(number)

    def count_pieces(self, task_id: str, name: str) -> int:
        """How many pieces there are."""
        return len(self._pieces(task_id, name))

    def _pieces(self, task_id: str, name: str) -> Sequence[bytes]:
        entry = self._entries.get(task_id)
        pieces = {"input": entry.new.pieces, "result": entry.pieces} if entry else {}
        return pieces.get(name, ())

    def rescue(self, max_attempts: int) -> list[tuple[str, TaskState]]:
        """Queue the tasks whose lease has run out, or end them."""
        running = self._in_state(TaskState.RUNNING)
        lost = [entry for entry in running if entry.lease_ends_at < time.time()]
        for entry in lost:
            dead = entry.task.attempts >= max_attempts and not entry.task.cancel_requested
            state = TaskState.DEAD if dead else TaskState.QUEUED
            entry.end(Outcome(state, problem=WORKER_LOST if dead else None))
        return [(entry.new.id, entry.task.state) for entry in lost]

    def expire(self, older_than: float) -> int:
        """Remove some tasks that ended more than this many seconds ago."""
        limit = datetime.now(UTC) - timedelta(seconds=older_than)
        old = [key for key, e in self._entries.items() if (e.task.finished_at or limit) < limit]
        return len([self._entries.pop(key) for key in old])

    def dispatch(self, limit: int) -> list[str]:
        """Take up to `limit` due tasks from the outbox."""
        chosen = [entry for entry in self._due() if entry.dispatched_at is None][:limit]
        for entry in chosen:
            entry.dispatched_at = time.time()
        return [entry.new.id for entry in chosen]

    def undispatch(self, task_ids: Sequence[str]) -> None:
        """Put these tasks back into the outbox."""
        for entry in (self._entries[key] for key in task_ids if key in self._entries):
            entry.dispatched_at = None

    def redispatch(self, older_than: float, known: int) -> int:
        """Put the queued tasks back that were announced long ago, if the broker lost some."""
        announced = [e for e in self._in_state(TaskState.QUEUED) if e.dispatched_at]
        limit = time.time() - older_than if len(announced) > known else 0
        self.undispatch(old := [e.new.id for e in announced if (e.dispatched_at or 0) <= limit])
        return len(old)

    def _entry(self, task_id: UUID) -> Entry:
        if str(task_id) not in self._entries:
            raise TaskNotFoundError
        return self._entries[str(task_id)]

    def _held(self, claim: Claim) -> Entry | None:
        entry = self._entries.get(claim.id)
        now = entry and (entry.task.state, entry.owner, entry.task.attempts)
        return entry if now == (TaskState.RUNNING, claim.owner, claim.attempt) else None

    def _in_state(self, state: TaskState) -> Iterator[Entry]:
        return (entry for entry in self._entries.values() if entry.task.state is state)

    def _due(self) -> list[Entry]:
        due = [e for e in self._in_state(TaskState.QUEUED) if e.due_at <= time.time()]
        return sorted(due, key=lambda entry: entry.due_at)

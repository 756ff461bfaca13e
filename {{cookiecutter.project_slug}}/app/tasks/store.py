"""Where tasks are kept: the tables `tasks` and `task_pieces`, shared by many processes.

Tasks are in the order in which they were added. All methods may raise StorageUnavailableError.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from app.storage.store import gathers, reads, writes
from app.storage.thread import Storage
from app.tasks import sql
from app.tasks.migrations import MIGRATIONS
from app.tasks.records import (
    Claim,
    IdempotencyConflictError,
    LeaseLostError,
    NewTask,
    Outcome,
    TaskNotFoundError,
    as_task,
)
from app.tasks.schemas import Task, TaskState
from app.tasks.upkeep import Upkeep

Versions = Iterable[tuple[str, int]]  # of kinds


class TaskStore(Upkeep):
    """The store of every process that accepts tasks or runs them.

    `known` are the kinds that this process runs, each with every version of it.
    """

    def __init__(self, storage: Storage, known: Versions = ()) -> None:
        super().__init__(storage)
        storage.migrate("tasks", MIGRATIONS)
        self._execute = storage.connection.execute
        self._known = json.dumps([{"kind": kind, "version": version} for kind, version in known])

    # what the routes call

    @gathers
    def add(self, tasks: Sequence[NewTask]) -> list[Task | Exception]:
        """Store tasks and their inputs; return each, or the one that the same request made before.

        A key that came with another request gives IdempotencyConflictError instead.
        """
        rows = json.dumps([task.row() for task in tasks])
        keyed = any(task.key is not None for task in tasks)
        added = self._execute(sql.INSERT_KEYED if keyed else sql.INSERT, rows=rows)
        new = {task_id for (task_id,) in added} if keyed else {task.id for task in tasks}
        for task in tasks:
            for number, body in enumerate(task.pieces if task.id in new else ()):
                self._execute(sql.INSERT_PIECE, id=task.id, name="input", number=number, body=body)
        return [task.as_task() if task.id in new else self._find_earlier(task) for task in tasks]

    def _find_earlier(self, task: NewTask) -> Task | Exception:
        (*row, fingerprint) = self._execute(sql.SELECT_BY_KEY, key=task.key)[0]
        return as_task(row) if fingerprint == task.fingerprint else IdempotencyConflictError()

    @reads
    def get(self, task_id: UUID) -> Task:
        """Return the task with this id, or raise TaskNotFoundError."""
        rows = self._execute(sql.SELECT_ONE, id=str(task_id))
        if not rows:
            raise TaskNotFoundError
        return as_task(rows[0])

    @reads
    def page(
        self, limit: int, after: UUID | None, state: TaskState | None, kind: str | None
    ) -> list[Task]:
        """Return at most `limit` tasks, newest first; only those older than `after`, if given."""
        if after:
            self.get.here(after)  # or raise TaskNotFoundError
        given = {"after": after and str(after), "state": state and state.value, "kind": kind}
        values = {name: value for name, value in given.items() if value is not None}
        conditions = " AND ".join(sql.PAGE_CONDITIONS[name] for name in values) or "1 = 1"
        statement = sql.SELECT_PAGE.replace("{conditions}", conditions)
        return [as_task(row) for row in self._execute(statement, limit=limit, **values)]

    @writes
    def cancel(self, task_id: UUID) -> Task:
        """End a queued task, ask a running one to stop, leave an ended one; return the result."""
        rows = self._execute(sql.CANCEL, id=str(task_id))
        return as_task(rows[0]) if rows else self.get.here(task_id)

    # what the process that runs tasks calls

    @writes
    def claim(self, owner: str, lease: float, limit: int, only: str | None = None) -> list[Claim]:
        """Take due tasks of known kinds, the longest waiting first, or the `only` one.

        Each is an attempt.
        """
        statement = sql.CLAIM_DUE if only is None else sql.CLAIM_ONE
        values = {"owner": owner, "lease": lease, "limit": limit, "only": only}
        rows = self._execute(statement, **values, rows=self._known)
        return [
            Claim(id_, kind, body, attempt, owner, charged)
            for id_, kind, body, attempt, charged in rows
        ]

    @writes
    def renew(self, owner: str, lease: float, task_ids: Collection[str]) -> dict[str, bool]:
        """Renew these leases; return which tasks the owner still runs, and whether to stop them.

        A claim whose answer was lost on the way is not among them: see `unclaim`.
        """
        ids = json.dumps([{"id": task_id} for task_id in task_ids])
        rows = self._execute(sql.RENEW, owner=owner, lease=lease, rows=ids)
        return {task_id: bool(cancel) for task_id, cancel in rows}

    @writes
    def unclaim(self, owner: str, lease: float, age: float, running: Collection[str]) -> list[str]:
        """Queue what the owner claimed `age` seconds ago and does not run; return which tasks.

        `running` is read here, in the thread that commits claims, so that it is no older than they.
        """
        ids = json.dumps([{"id": task_id} for task_id in list(running)])
        rows = self._execute(sql.UNCLAIM, owner=owner, lease=lease, age=age, rows=ids)
        return [task_id for (task_id,) in rows]

    @writes
    def save(
        self, claim: Claim, progress: float, number: int = 0, piece: bytes | None = None
    ) -> tuple[int, bool]:
        """Store progress and a piece of the result; return its size so far, and whether to stop.

        A piece with an earlier one's number is that one, sent again. Or raise LeaseLostError.
        """
        size = len(piece or b"")
        if size and number < self.count_pieces.here(claim.id, "result"):
            size = 0  # the earlier one was committed, although its caller was told that it was not
        rows = self._execute(sql.SAVE, progress=progress, size=size, **claim.row())
        if not rows:
            raise LeaseLostError
        if piece is not None:
            self._execute(sql.INSERT_PIECE, id=claim.id, name="result", number=number, body=piece)
        return rows[0][0], bool(rows[0][1])

    @writes
    def resume(self, claim: Claim, origin: bytes) -> int:
        """Return how many pieces the result has; first remove those of another origin.

        Or raise LeaseLostError. An older version of the app stored no origin.
        """
        if self.piece.here(claim.id, "origin", 0) != origin:
            if not self._execute(sql.RESTART, **claim.row()):
                raise LeaseLostError
            self._execute(sql.DELETE_RESULT, id=claim.id)
            self._execute(sql.INSERT_PIECE, id=claim.id, name="origin", number=0, body=origin)
        return self.count_pieces.here(claim.id, "result")

    @gathers
    def settle(self, ends: Sequence[tuple[Claim, Outcome]]) -> list[bool]:
        """End attempts; return False, and do nothing, where the task is no longer the claim's."""
        rows = json.dumps([claim.row() | outcome.row() for claim, outcome in ends])
        settled = {task_id for (task_id,) in self._execute(sql.SETTLE, rows=rows)}
        return [claim.id in settled for claim, _ in ends]

    @gathers
    def settle_and_claim(self, ends: Sequence[tuple[Claim, Outcome, float]]) -> list[Claim | None]:
        """End attempts; return for each a due task for the same owner, with this lease, or None."""
        TaskStore.settle.function(self, [(claim, outcome) for claim, outcome, _ in ends])
        (last, _, lease) = ends[-1]
        claims = self.claim.here(last.owner, lease, len(ends))
        return [*claims, *[None] * (len(ends) - len(claims))]

    @reads
    def piece(self, task_id: str, name: str, number: int) -> bytes | None:
        """Return a piece of the `input` or the `result`, counted from 0; None after the last."""
        rows = self._execute(sql.SELECT_PIECE, id=task_id, name=name, number=number)
        return rows[0][0] if rows else None

    @reads
    def count_pieces(self, task_id: str, name: str) -> int:
        """Return how many pieces of this name the task has."""
        return int(self._execute(sql.COUNT_PIECES, id=task_id, name=name)[0][0])

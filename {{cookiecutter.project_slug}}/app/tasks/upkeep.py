"""What every process does now and then for all tasks: the half of the store that nobody waits for.

Whoever lives renews its leases before this is called, so it only ever takes from the dead.
"""

import time
from collections.abc import Callable, Sequence

from app.storage.connection import Row
from app.storage.store import Store, reads, writes
from app.tasks import upkeep_sql as sql
from app.tasks.schemas import TaskProblem, TaskState

EXPIRED_BYTES = 2**22  # removed in one transaction: others wait for it

WORKER_LOST = TaskProblem(
    type="urn:problem:WorkerLost",
    title="Worker Lost",
    detail="The process that ran this task ended unexpectedly, again and again.",
).model_dump_json()


class Upkeep(Store):
    """Finds the tasks that nobody runs any more, those that are too old, and those to announce."""

    _execute: Callable[..., list[Row]]
    _known: str

    @writes
    def doubt(self, lease: float, grace: float) -> int:
        """Give the owners of leases that have run out `grace` seconds to renew; return how many."""
        return len(self._execute(sql.DOUBT, lease=lease, grace=grace))

    @writes
    def rescue(self, max_attempts: int) -> list[tuple[str, TaskState]]:
        """Queue doubted tasks that were not renewed, or end them; return each id and its state."""
        rows = self._execute(sql.RESCUE, max_attempts=max_attempts, problem=WORKER_LOST)
        return [(task_id, TaskState(state)) for task_id, state in rows]

    @writes
    def catch_up(self, longest: float) -> int:
        """Make some of the tasks due that wait longer than any should; return how many."""
        return len(self._execute(sql.CATCH_UP, longest=longest))

    @writes
    def expire(self, older_than: float) -> int:
        """Remove some of what ended more than this many seconds ago; return 0 if nothing is left.

        A step is small, so that it holds up nobody, and finds room on a disk that is full.
        """
        self._execute(sql.AGE, older_than=older_than)
        pieces = self._execute(sql.EXPIRE_PIECES, older_than=older_than, most=EXPIRED_BYTES)
        return len(pieces) + len(self._execute(sql.EXPIRE, older_than=older_than))

    @reads
    def clock_offset(self) -> float:
        """Return the time of the database's clock less that of this process's monotonic one."""
        return float(self._execute("SELECT {now}")[0][0]) - time.monotonic()

    @reads
    def find_suspect(self) -> str | None:
        """Return a due task that has to run alone, because processes were lost with it."""
        rows = self._execute(sql.FIND_SUSPECT, rows=self._known)
        return rows[0][0] if rows else None

    @reads
    def queued_bytes(self) -> int:
        """Return the size of all queued tasks, with their inputs."""
        return int(self._execute(sql.QUEUED_BYTES)[0][0])

    @reads
    def unknown(self) -> list[tuple[str, int, int]]:
        """Return the kind, the version and the number of the due tasks that it may not claim."""
        return self._execute(sql.UNKNOWN, rows=self._known)

    # the outbox

    @writes
    def dispatch(self, limit: int) -> list[str]:
        """Take up to `limit` due tasks from the outbox, to be announced to other processes."""
        return [row[0] for row in self._execute(sql.DISPATCH, limit=limit)]

    @writes
    def undispatch(self, task_ids: Sequence[str]) -> None:
        """Put these tasks back into the outbox: they could not be announced."""
        for task_id in task_ids:
            self._execute(sql.UNDISPATCH, id=task_id)

    @writes
    def redispatch(self, older_than: float, known: int) -> int:
        """Put back some queued tasks that were announced this many seconds ago; return how many.

        Do so only when more are announced than the `known` ones that the broker reports.
        """
        return len(self._execute(sql.REDISPATCH, older_than=older_than, known=known))

"""Which task starts or stops a machine: read from the tasks, so that N requests make one.

A task of a machine has an idempotency key that names the one before it. Requests at the same
moment, in any process, know the same last task, so they ask with the same key, and the storage adds
one. The key has blanks, which no key of a client has.
"""

from typing import NamedTuple
from uuid import UUID

from app.storage.store import Store, reads

LAST = """
SELECT id, state FROM tasks WHERE kind = :kind AND idempotency_key LIKE :key
ORDER BY seq DESC LIMIT 1
"""


class Last(NamedTuple):
    """The last task of a kind for a machine; `key` is that of the next one."""

    key: str
    task: UUID | None = None  # if it has not ended


class OrderStore(Store):
    """What the table `tasks` says of machines."""

    @reads
    def last(self, kind: str, machine: str) -> Last:
        """Return the last task of this kind for this machine, and the key of the next one."""
        start = f"{kind} {machine} after "
        for task_id, state in self.connection.execute(LAST, kind=kind, key=f"{start}%"):
            is_live = state in ("queued", "running")
            return Last(f"{start}{task_id}", UUID(task_id) if is_live else None)
        return Last(f"{start}none")

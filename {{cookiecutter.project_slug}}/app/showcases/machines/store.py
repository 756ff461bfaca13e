"""Which task starts or stops a machine: read from the tasks, so that N requests make one.

A task of a machine has an idempotency key that names the one before it. Requests at the same
moment, in any process, know the same last task, so they ask with the same key, and the storage adds
one. The key has blanks, which no key of a client has.
"""

from typing import NamedTuple
from uuid import UUID

from app.showcases.machines.kinds import Order
from app.storage.store import Store, reads

LAST = """
SELECT id, state FROM tasks WHERE kind = :kind AND idempotency_key LIKE :key
ORDER BY seq DESC LIMIT 1
"""


class Last(NamedTuple):
    """The last task for an order; `key` is that of the next one."""

    key: str
    task: UUID | None = None  # if it has not ended


class OrderStore(Store):
    """What the table `tasks` says of machines."""

    @reads
    def last(self, kind: str, order: Order) -> Last:
        """Return the last task for this order, and the key of the next one."""
        # a forced stop is another order: it must not get the task of one that asks who is present
        start = f"{kind} {order.machine} {'forced ' if order.forced else ''}after "
        for task_id, state in self.connection.execute(LAST, kind=kind, key=f"{start}%"):
            is_live = state in ("queued", "running")
            return Last(f"{start}{task_id}", UUID(task_id) if is_live else None)
        return Last(f"{start}none")

"""What our brokers have in common: whatever comes from there, a worker goes on.

The store is the truth, and what a broker lost is announced again. So a worker forgets a message
when it takes it, and gives nothing back: a broker that was restarted, is full or read-only would
refuse that, and Celery's worker would end.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any

import structlog
from celery.worker import state
from kombu.transport import virtual

logger = structlog.get_logger()

# What a message could ask Celery for and we never do; a wrong value would end the worker.
NOTHING = {"eta": None, "expires": None, "timelimit": None, "stamps": None, "stamped_headers": None}


class Places(virtual.QoS):
    """Take a message if a process is free, whatever happened to the connection since."""

    def can_consume(self) -> bool:
        """Tell whether this worker has fewer tasks than processes."""
        return not self.prefetch_count or len(state.reserved_requests) < self.prefetch_count

    def append(self, message: object, delivery_tag: str) -> None:
        """Remember the last message alone: a broken one is never acknowledged, and may be large."""
        self._delivered.clear()
        super().append(message, delivery_tag)  # type: ignore[no-untyped-call]


class TolerantTransport(virtual.Transport):
    """Delivers a task, and does nothing else that a message may ask for."""

    def _deliver(self, message: dict[str, Any], queue: str) -> None:
        if "task" in (message["headers"] or {}):
            message["headers"].update(NOTHING)
        super()._deliver(message, queue)  # type: ignore[no-untyped-call]


@contextmanager
def skip_broken_message(broker_errors: Iterable[type[Exception]]) -> Iterator[None]:
    """Log a message that cannot be understood, and drop it: the next worker would not either."""
    try:
        yield
    except Exception as error:
        if isinstance(error, (Empty, *broker_errors)):
            raise
        logger.exception("task_message_broken")

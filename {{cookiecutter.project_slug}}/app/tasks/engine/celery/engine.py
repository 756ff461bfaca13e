"""The `celery` engine: tasks run in Celery workers, on this machine or others.

The store is an outbox. A task is kept there first and announced to the broker after, by its
id alone; while the broker is unavailable, accepted tasks wait in the store. An announcement may
come late, twice or never: a worker runs only what it can claim, and what the broker lost is
announced again.
"""

import time
from pathlib import Path
from typing import Any

from anyio import to_thread
from celery import Celery
from kombu.exceptions import OperationalError

from app.tasks.engine.base import Engine, logger
from app.tasks.engine.celery.redis_broker import use_redis, use_ssl
from app.tasks.engine.celery.settings import CelerySettings
from app.tasks.store import TaskStore

QUEUE = "tasks"
RUN = "app.tasks.run"
GROUP = 100
PROCESS_START_SECONDS = 3600  # a model takes its time to load, and the storage may be away
FOLDER = "filesystem://"


def make_celery(settings: CelerySettings) -> Celery:
    """Make a Celery app that is safe: JSON only, no own results, and it waits for its broker."""
    url = settings.task_broker_url.get_secret_value()
    celery = Celery("app", broker=url)
    celery.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_default_queue=QUEUE,
        task_publish_retry=False,
        worker_concurrency=settings.task_concurrency,
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,
        # it would cancel what is acknowledged late, which is nothing; without it Celery warns
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_proc_alive_timeout=PROCESS_START_SECONDS,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=broker_options(url, settings),
        broker_use_ssl=use_ssl(url),
    )
    return celery


def broker_options(url: str, settings: CelerySettings) -> dict[str, Any]:
    """Return Celery's options for Redis, or for a folder of messages."""
    if url.startswith(FOLDER):
        # imported here, because it needs what Windows does not have
        from app.tasks.engine.celery.folder_broker import use_folder

        return use_folder(Path(url.removeprefix(FOLDER)), settings.task_poll_seconds)
    return use_redis()


class CeleryEngine(Engine):
    """The engine that announces due tasks to the workers."""

    def __init__(self, store: TaskStore, settings: CelerySettings) -> None:
        super().__init__(store, settings)
        self._celery = make_celery(settings)
        self._audited_at = time.monotonic()

    async def work(self) -> None:
        """Announce what is due; if the broker is unavailable, leave it for the next poll."""
        try:
            await self._announce_due()
            await self._announce_lost()
        except OperationalError as error:
            logger.warning("task_broker_unavailable", error=str(error))

    async def drain(self) -> None:
        """Close Celery; no task runs in this process."""
        self._celery.close()

    async def _announce_due(self) -> None:
        while task_ids := await self.store.dispatch(GROUP):
            try:
                await to_thread.run_sync(self._announce, task_ids)
            except BaseException:
                # otherwise they would count as announced, and be left alone for a lease
                await self.store.undispatch(task_ids)
                raise

    async def _announce_lost(self) -> None:
        """Once per lease, announce tasks again if the broker has fewer than were announced."""
        lease = self.settings.task_lease_seconds
        if time.monotonic() - self._audited_at < lease:
            return
        known = await to_thread.run_sync(self._count_announced)
        while await self.store.redispatch(lease, known) and not self.stopping.is_set():
            await self.kick()
        self._audited_at = time.monotonic()

    def _announce(self, task_ids: list[str]) -> None:
        with self._celery.producer_pool.acquire(block=True) as producer:
            for task_id in task_ids:
                self._celery.send_task(RUN, [task_id], task_id=task_id, producer=producer)

    def _count_announced(self) -> int:
        with self._celery.connection_for_write() as connection:
            try:
                count: int = connection.default_channel.queue_declare(QUEUE).message_count
            except connection.connection_errors as error:
                raise OperationalError(str(error)) from error
            return count

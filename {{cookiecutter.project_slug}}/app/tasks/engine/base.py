"""An engine runs accepted tasks. The store is the truth; a kick only saves waiting.

Every engine has a loop that looks after the store: at each kick, and every TASK_POLL_SECONDS, it
takes over the tasks of processes that went silent, removes expired ones, and does its own work.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from contextlib import suppress

import structlog

from app.storage.connection import StorageUnavailableError
from app.tasks.settings import TaskSettings
from app.tasks.store import TaskStore

logger = structlog.get_logger()


class Engine(ABC):
    """What runs tasks, or has them run; used as `async with engine`."""

    def __init__(self, store: TaskStore, settings: TaskSettings) -> None:
        self.store = store
        self.settings = settings
        self.stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._swept_at = -settings.task_poll_seconds

    async def kick(self) -> None:
        """Signal that there is work."""
        self._wake.set()  # `async`, because FastAPI runs any other background task in a thread

    def begin_stop(self) -> None:
        """Start no more tasks."""
        self.stopping.set()
        self._wake.set()

    @abstractmethod
    async def work(self) -> None:
        """Run what is due, or have it run."""

    @abstractmethod
    async def drain(self) -> None:
        """Let what runs in this process finish, for as long as there is time."""

    async def __aenter__(self) -> "Engine":
        """Start the loop."""
        self._loop = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the loop, then what runs."""
        self.begin_stop()
        await self._loop
        await self.drain()

    async def _run(self) -> None:
        while not self.stopping.is_set():
            self._wake.clear()
            try:
                await self._sweep()
                await self.work()
            except StorageUnavailableError as error:
                logger.warning("task_storage_unavailable", cause=repr(error.__cause__)[:300])
            except Exception:
                logger.exception("task_engine_error")
            with suppress(TimeoutError):
                async with asyncio.timeout(self.settings.task_poll_seconds):
                    await self._wake.wait()

    async def _sweep(self) -> None:
        """Take over what others left, and remove what is too old, once per poll."""
        if time.monotonic() - self._swept_at < self.settings.task_poll_seconds:
            return
        for task_id, state in await self.store.rescue(self.settings.task_max_attempts):
            logger.warning("task_rescued", task_id=task_id, state=state.value)
        await self.store.expire(self.settings.task_retention_seconds)
        self._swept_at = time.monotonic()

"""Engines have accepted tasks run. The repository is the truth; a kick only saves waiting.

Every engine has a loop that looks after the repository: it takes over the tasks of processes that
went silent, removes what is too old, and does its own work, at each kick and each
TASK_POLL_SECONDS.
"""

import asyncio
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import structlog

from app.storage.database import StorageUnavailableError
from app.tasks.commits import GroupCommit
from app.tasks.settings import TaskSettings

logger = structlog.get_logger()


class Engine(ABC):
    """What has tasks run; used as `async with engine`."""

    def __init__(self, commits: GroupCommit, settings: TaskSettings) -> None:
        self.commits = commits
        self.settings = settings
        self.stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._swept_at = -settings.task_poll_seconds

    async def kick(self) -> None:
        """Say that there is work."""
        self._wake.set()  # `async`, because a background task that is not gets a thread of its own

    def begin_stop(self) -> None:
        """Take up nothing more."""
        self.stopping.set()
        self._wake.set()

    @abstractmethod
    async def work(self) -> None:
        """Run what is due, or have it run."""

    @abstractmethod
    async def drain(self) -> None:
        """Let what runs in this process come to its end, for as long as there is time."""

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
                cause = repr(error.__cause__)[:300]
                logger.warning("task_storage_unavailable", cause=cause)
            except Exception:
                logger.exception("task_engine_error")
            with suppress(TimeoutError):
                async with asyncio.timeout(self.settings.task_poll_seconds):
                    await self._wake.wait()

    async def _sweep(self) -> None:
        """Take over what others left, and remove what is too old, once in a while."""
        if time.monotonic() - self._swept_at < self.settings.task_poll_seconds:
            return
        repository = self.commits.repository
        for task_id, state in await self.commits.run(
            repository.rescue, self.settings.task_max_attempts
        ):
            logger.warning("task_rescued", task_id=task_id, state=state.value)
        await self.commits.run(repository.expire, self.settings.task_retention_seconds)
        self._swept_at = time.monotonic()


@contextmanager
def on_stop_signal(callback: Callable[[], None]) -> Iterator[None]:
    """Call back in the event loop at SIGTERM or Ctrl-C, before the server waits for its clients.

    Without this, an open event stream would hold up the stop, and new tasks would go on starting.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only there can signals be caught; a test client's app runs elsewhere
        return
    loop = asyncio.get_running_loop()
    servers: dict[int, Any] = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        if callable(servers[number]):
            servers[number](number, frame)

    for number in servers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)

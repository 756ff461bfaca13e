"""An engine runs accepted tasks. The store is the truth; a kick only saves waiting.

Every engine has a loop that looks after the store: at each kick, and every TASK_POLL_SECONDS, it
takes over the tasks of processes that went silent, removes expired ones, and does its own work.
Each of these is done even if another one fails: a full disk has room again once tasks are removed.
"""

import asyncio
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

import structlog

from app.storage.connection import StorageUnavailableError

# {%- if cookiecutter.__aws_lambda == "yes" +%}
from app.tasks.engine.frozen import is_frozen

# {%- endif +%}
from app.tasks.settings import LONGEST_BACKOFF_SECONDS, TaskSettings
from app.tasks.store import TaskStore

GRACE_SECONDS = 2.0  # four heartbeats, for owners whose leases seem to have run out
MEASURE_SECONDS = 5.0  # from one look at the size of the queue to the next
STEP_SECONDS = 10.0  # of the clock; what an answer may take to come is none
WARN_SECONDS = 300.0  # from one warning about tasks of unknown kinds to the next

logger = structlog.get_logger()


class Retention(NamedTuple):
    """How long something is kept, and what removes some of the rest, or returns 0."""

    expire: Callable[[float], Awaitable[int]]
    seconds: float


class Engine(ABC):
    """What runs tasks, or has them run; used as `async with engine`."""

    def __init__(self, store: TaskStore, settings: TaskSettings) -> None:
        self.store = store
        self.settings = settings
        self.stopping = asyncio.Event()
        self.queued_bytes = 0  # measured now and then, and what was accepted here since
        self._wake = asyncio.Event()
        self._sweep_at = self._measure_at = self._warn_at = time.monotonic()
        self._clock_offset = math.inf  # of the database's clock; not measured yet
        self._set_forward_at = -math.inf
        self.retentions = [Retention(store.expire, settings.task_retention_seconds)]

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
        # {% if cookiecutter.__aws_lambda == "yes" %}
        if is_frozen(self.settings.task_concurrency):
            self.begin_stop()
        # {% endif %}
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
            if time.monotonic() >= self._sweep_at:
                self._sweep_at = time.monotonic() + self.settings.task_poll_seconds
                for step in (self.expire, self.rescue, self.look):
                    await self._attempt(step)
            await self._attempt(self.work)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._sweep_at - time.monotonic()):
                    await self._wake.wait()

    async def _attempt(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do a step; whatever it raises, the next one is done as well."""
        try:
            await step()
        except StorageUnavailableError as error:
            logger.warning("task_storage_unavailable", cause=repr(error.__cause__)[:300])
        except Exception:
            logger.exception("task_engine_error")

    def _sweep_within(self, seconds: float) -> None:
        self._sweep_at = min(self._sweep_at, time.monotonic() + seconds)

    async def expire(self) -> None:
        """Remove some of what is too old; if there may be more, go on after the next work.

        Once the clock was set forward, how old anything is cannot be known: all is kept as long as
        if it had ended now.
        """
        offset, before = await self.store.clock_offset(), self._clock_offset
        self._clock_offset = offset
        if offset > before + STEP_SECONDS:
            logger.warning("task_clock_set_forward", seconds=round(offset - before))
            self._set_forward_at = time.monotonic()
        for expire, seconds in self.retentions:
            if time.monotonic() >= self._set_forward_at + seconds and await expire(seconds):
                self._sweep_within(0)

    async def rescue(self) -> None:
        """Take over what others left, and set right what a step of the clock did.

        Two looks are needed: an owner that was only stopped renews between them.
        """
        lease, tries = self.settings.task_lease_seconds, self.settings.task_max_attempts
        grace = min(GRACE_SECONDS, lease)
        if await self.store.doubt(lease, grace):
            self._sweep_within(grace + 0.1)
        for task_id, state in await self.store.rescue(tries):
            logger.warning("task_rescued", task_id=task_id, state=state.value)
        longest = self.settings.task_backoff_seconds * 2.0 ** min(tries, 20)
        await self.store.catch_up(min(longest, LONGEST_BACKOFF_SECONDS))

    async def look(self) -> None:
        """Measure the queue, and warn of what nobody here knows: both now and then."""
        if time.monotonic() >= self._measure_at:
            self._measure_at = time.monotonic() + MEASURE_SECONDS
            self.queued_bytes = await self.store.queued_bytes()
        if time.monotonic() >= self._warn_at:
            self._warn_at = time.monotonic() + WARN_SECONDS
            for kind, version, count in await self.store.unknown():
                logger.warning("task_kind_unknown", kind=kind, version=version, queued=count)

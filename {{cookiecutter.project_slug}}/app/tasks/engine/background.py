"""The `background` engine: tasks run in this process, in threads, beside the requests."""

import asyncio
import threading
import time
from contextlib import suppress
from queue import SimpleQueue

from anyio import to_thread

from app.storage.connection import StorageUnavailableError
from app.tasks.engine.base import Engine, logger
from app.tasks.engine.context import TaskContext
from app.tasks.engine.runner import Runner
from app.tasks.settings import TaskSettings

ALONE_SECONDS = 60.0  # that the others wait for a suspect at most, and then it for them


class BackgroundEngine(Engine):
    """The engine that claims due tasks and runs them, TASK_CONCURRENCY at once."""

    def __init__(self, runner: Runner, settings: TaskSettings) -> None:
        super().__init__(runner.store, settings)
        self._runner = runner
        self._lease = settings.task_lease_seconds
        self._free = settings.task_concurrency
        self._suspect: str | None = None  # the task that waits to run alone, or does
        self._alone_until = self._look_at = 0.0
        self._stop_at: float | None = None
        self._queue: SimpleQueue[TaskContext | None] = SimpleQueue()
        self._asyncio = asyncio.get_running_loop()
        # daemons: a task that never returns must not keep the process from ending
        for _ in range(settings.task_concurrency):
            threading.Thread(target=self._work_in_thread, name="task", daemon=True).start()

    async def kick(self) -> None:
        """Signal that there is work; if no place is free, the next free one looks anyway."""
        if self._free:
            await super().kick()

    def begin_stop(self) -> None:
        """Start no more tasks; the time to finish begins now."""
        self._stop_at = self._stop_at or time.monotonic() + self.settings.shutdown_seconds
        super().begin_stop()

    async def rescue(self) -> None:
        """Renew what runs here before anything is taken over."""
        if running := list(self._runner.running):
            await self.store.renew(self._runner.owner, self._lease, running)
        await super().rescue()

    async def look(self) -> None:
        """Look for a suspect, too: a task that processes were lost with."""
        now = time.monotonic()
        if self._suspect and now > self._alone_until:  # it may be long, or never find a place
            self._suspect, self._look_at = None, now + ALONE_SECONDS
        if not self._suspect and now >= self._look_at:
            self._suspect = await self.store.find_suspect()
            self._alone_until = now + ALONE_SECONDS
        await super().look()

    async def work(self) -> None:
        """Claim as many tasks as there are free places; a suspect, once all places are free."""
        alone = 0 < self._free == self.settings.task_concurrency
        limit = self._free if self._suspect is None else int(alone)
        if limit:
            try:
                claims = await self.store.claim(
                    self._runner.owner, self._lease, limit, self._suspect
                )
            except StorageUnavailableError:
                self._runner.doubt_claims()
                raise
            self._free -= len(claims)
            for claim in claims:
                self._queue.put(self._runner.begin(claim))
            if self._suspect and not claims:  # it has ended, or another process has taken it
                self._suspect = None
                await self.work()

    async def drain(self) -> None:
        """Wait for the running tasks, then hand the rest back, which costs them no attempt."""
        await to_thread.run_sync(self._runner.drain, self._stop_at or 0)
        for _ in range(self.settings.task_concurrency):
            self._queue.put(None)

    def _work_in_thread(self) -> None:
        while context := self._queue.get():
            following: TaskContext | None = context
            while following:
                context, following = following, None
                try:
                    following = self._run_one(context)
                except BaseException:  # the place must not be lost; the task's lease runs out
                    self._runner.end(context)
                    with suppress(BaseException):
                        logger.exception("task_engine_error", task_id=context.claim.id)
            with suppress(RuntimeError):  # the event loop has ended before the task did
                self._asyncio.call_soon_threadsafe(self._free_place)

    def _run_one(self, context: TaskContext) -> TaskContext | None:
        """Run a task; claim the next one in the commit that stores the outcome of this one."""
        outcome = self._runner.run(context)
        claim = None
        if outcome is None or self._suspect or self.stopping.is_set():
            self._runner.settle(context.claim, outcome)
        else:
            try:
                claim = self.store.settle_and_claim.sync((context.claim, outcome, self._lease))
            except StorageUnavailableError:
                self._runner.doubt_claims()
                self._runner.settle(context.claim, outcome)
        following = self._runner.begin(claim) if claim else None
        self._runner.end(context)
        return following

    def _free_place(self) -> None:
        self._free += 1
        self._wake.set()

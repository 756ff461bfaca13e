"""How claimed tasks run in this process, keep their leases, and stop when they must."""

import math
import os
import random
import socket
import threading
import time
from contextlib import suppress
from uuid import uuid4

import structlog

from app.errors import AppError
from app.serving.models import Models
from app.storage.connection import StorageUnavailableError
from app.tasks.engine.context import (
    RETRY_SECONDS,
    ResultTooLargeError,
    StopReason,
    TaskContext,
    TaskStoppedError,
)
from app.tasks.engine.outcome import as_json, describe_error, is_refusal
from app.tasks.kinds.registry import Kinds, find_kind
from app.tasks.records import Claim, Outcome
from app.tasks.schemas import TaskState
from app.tasks.settings import LONGEST_BACKOFF_SECONDS, TaskSettings
from app.tasks.store import TaskStore

LONGEST_BEAT_SECONDS = 0.5  # before a cancelled task notices
HAND_BACK_SECONDS = 1.0  # for tasks to notice that they must stop
UNHEARD_SECONDS = 2.0  # from the commit of a claim until it has certainly begun here
HANDED_BACK = Outcome(TaskState.QUEUED, charged=False)

logger = structlog.get_logger()


class Runner:
    """The tasks that run in this process; `owner` is the process's name in the store."""

    def __init__(
        self,
        store: TaskStore,
        models: Models,
        settings: TaskSettings,
        kinds: Kinds,
        beat_seconds: float = LONGEST_BEAT_SECONDS,
        hand_back_seconds: float = HAND_BACK_SECONDS,
    ) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self.store = store
        self.kinds = kinds
        self._beat_seconds = min(beat_seconds, settings.task_lease_seconds / 3)
        self._hand_back_seconds = hand_back_seconds
        self.running: dict[str, TaskContext] = {}
        self.models = models
        self._settings = settings
        self._closing = threading.Event()
        self._unsure_at, self._looked_at = -math.inf, 0.0
        # a thread of its own, so that neither a blocked event loop nor a busy task costs a lease
        self._heart = threading.Thread(target=self._beat, name="task-heartbeat", daemon=True)
        self._heart.start()

    def begin(self, claim: Claim) -> TaskContext:
        """Take charge of a claimed task: from now until `end`, its lease is renewed."""
        if earlier := self.running.get(claim.id):  # which this process has lost without noticing
            earlier.stop(StopReason.LOST)
        self.running[claim.id] = TaskContext(claim, self.store, self.models, self._settings)
        return self.running[claim.id]

    def doubt_claims(self) -> None:
        """Note that a claim failed: it may have been committed all the same, or be soon."""
        self._unsure_at = time.monotonic()

    def run(self, context: TaskContext) -> Outcome | None:
        """Run an attempt; return its outcome, or None when the task is no longer ours."""
        claim = context.claim
        try:
            kind = find_kind(self.kinds, claim.kind)
            result = as_json(kind.run(kind.payload.model_validate_json(claim.payload), context))
            if len(result) > self._settings.task_result_bytes:
                raise ResultTooLargeError
        except TaskStoppedError as stop:
            return stopped(stop.reason)
        except BaseException as error:  # not only Exception: the thread must live on
            return self._failed(claim, error)
        return Outcome(TaskState.SUCCEEDED, result=result)

    def settle(self, claim: Claim, outcome: Outcome | None) -> None:
        """Store the outcome, however long the storage is unavailable."""
        while outcome and not self._closing.is_set():
            try:
                self.store.settle.sync((claim, outcome))
                return
            except StorageUnavailableError as error:
                cause = repr(error.__cause__)[:300]
                logger.warning("task_outcome_waits", task_id=claim.id, cause=cause)
                self._closing.wait(RETRY_SECONDS)

    def end(self, context: TaskContext) -> None:
        """Release a task that is settled."""
        if self.running.get(context.claim.id) is context:  # and not a later attempt
            del self.running[context.claim.id]

    def drain(self, deadline: float) -> int:
        """Wait for the running tasks, then hand the rest back, which costs them no attempt.

        Return how many did not stop, though another process may run them from now on.
        """
        self._wait(deadline)
        for context in list(self.running.values()):
            context.stop(StopReason.HANDED_BACK)
        self._wait(time.monotonic() + self._hand_back_seconds)
        left = list(self.running.values())
        with suppress(StorageUnavailableError):  # then the leases run out; nobody waits for each
            for context in left:
                self.store.settle.sync((context.claim, HANDED_BACK))
        for context in left:
            self.end(context)
        with suppress(StorageUnavailableError):
            self._find_claims(age=0)
        return len(left)

    def close(self) -> None:
        """Stop renewing leases."""
        self._closing.set()
        self._heart.join()

    def _wait(self, deadline: float) -> None:
        while self.running and time.monotonic() < deadline:
            time.sleep(0.02)

    def _failed(self, claim: Claim, error: BaseException) -> Outcome:
        problem = describe_error(error).model_dump_json()
        if isinstance(error, AppError) and is_refusal(error):
            return Outcome(TaskState.FAILED, problem=problem)
        with suppress(BaseException):  # an error may have a text that cannot be made
            logger.error("task_error", task_id=claim.id, attempt=claim.attempt, exc_info=error)
        charged = not isinstance(error, StorageUnavailableError)  # which no task is to blame for
        if charged and claim.charged >= self._settings.task_max_attempts:
            return Outcome(TaskState.DEAD, problem=problem)
        delay = self._backoff(claim.attempt)
        return Outcome(TaskState.QUEUED, problem=problem, delay=delay, charged=charged)

    def _backoff(self, attempt: int) -> float:
        """Return a delay that doubles with each attempt, less up to half, to spread retries out."""
        longest: float = self._settings.task_backoff_seconds * 2.0 ** min(attempt - 1, 20)
        return min(longest, LONGEST_BACKOFF_SECONDS) * random.uniform(0.5, 1)  # noqa: S311

    def _renew(self) -> None:
        """Renew the leases; stop the tasks that were cancelled, and those that were lost."""
        running = dict(self.running)
        if not running:
            return
        renewed = self.store.renew.sync(self.owner, self._settings.task_lease_seconds, running)
        for task_id, context in running.items():
            if task_id not in renewed:
                context.stop(StopReason.LOST)
            elif renewed[task_id]:
                context.stop(StopReason.CANCELLED)

    def _find_claims(self, age: float) -> None:
        """For a lease after a claim that failed, queue what was claimed for us unheard."""
        now, lease = time.monotonic(), self._settings.task_lease_seconds
        if self._looked_at < self._unsure_at + lease:
            for task_id in self.store.unclaim.sync(self.owner, lease, age, self.running):
                logger.warning("task_unclaimed", task_id=task_id)
            self._looked_at = now

    def _beat(self) -> None:
        unheard = min(UNHEARD_SECONDS, self._settings.task_lease_seconds / 3)
        while not self._closing.wait(self._beat_seconds):
            try:
                self._renew()
                self._find_claims(unheard)
            except StorageUnavailableError:
                pass  # no other process can take a task over either
            except BaseException:  # without a heart, every task here would be lost
                with suppress(Exception):
                    logger.exception("task_heartbeat_error")


def stopped(reason: StopReason) -> Outcome | None:
    """Return how the attempt of a stopped task ends; None when it is no longer ours."""
    if reason is StopReason.LOST:
        return None
    return HANDED_BACK if reason is StopReason.HANDED_BACK else Outcome(TaskState.CANCELLED)

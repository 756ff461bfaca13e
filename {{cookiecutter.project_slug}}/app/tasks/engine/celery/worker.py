"""The Celery worker, for `TASK_ENGINE=celery`: `python -m app.tasks.engine.celery.worker`.

Celery provides the processes and hands them the ids of tasks; everything else is as in the
`background` engine: claim, lease, run, settle.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, closing
from functools import cache, partialmethod
from uuid import UUID

import structlog
from celery.apps import worker as celery_worker
from celery.signals import worker_process_init, worker_shutting_down
from celery.worker import heartbeat
from pydantic import Field

from app.kit.logs import configure_logs
from app.kit.settings import load_settings
from app.kit.start import StartError
from app.serving.opening import open_models
from app.serving.settings import ModelSettings
from app.storage.connection import StorageUnavailableError
from app.storage.opening import open_storage
from app.storage.settings import StorageSettings
from app.tasks.engine.celery.engine import RUN, make_celery
from app.tasks.engine.celery.settings import CelerySettings
from app.tasks.engine.context import RETRY_SECONDS
from app.tasks.engine.runner import Runner
from app.tasks.kinds.registry import KINDS, Kinds, known_versions
from app.tasks.records import Claim
from app.tasks.store import TaskStore

REOPEN_SECONDS = 2
GOODBYE_SECONDS = 8  # more than SHUTDOWN_SECONDS; Celery itself takes five of them
NOT_STARTED = "The worker did not start."

logger = structlog.get_logger()


class WorkerSettings(CelerySettings, ModelSettings, StorageSettings):
    """The settings that a worker needs; the API key, for example, is not one."""

    task_concurrency: int = Field(4, ge=1, le=64, description="Tasks at once in this worker")


try:
    settings = load_settings(WorkerSettings)
    celery = make_celery(settings)
except StartError as error:
    sys.exit(f"{NOT_STARTED} {error}")
celery.kinds = KINDS
# shared with the processes that Celery forks; without a lock, which could be left locked
stopping = multiprocessing.RawValue("b", 0)

# Celery would send a heartbeat for ever, and notice no signal, while the broker is silent.
heartbeat.Heart._send = partialmethod(heartbeat.Heart._send, retry=False)
# It would write in its signal handlers, and stop for ever if nobody reads.
celery_worker.safe_say = lambda *_, **__: None


class Worker(celery.Worker):  # type: ignore[misc,name-defined]
    """Celery's, but every end drains our processes, and an exit status says how it was."""

    def install_platform_tweaks(self, worker: object) -> None:
        """Stop in order on SIGHUP and SIGQUIT too.

        Celery would start again by a command that is not ours, or kill what runs.
        """
        super().install_platform_tweaks(worker)
        for number in (signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.getsignal(signal.SIGTERM))

    def stop(self, in_sighandler: bool = False, exitcode: int | None = None) -> None:
        """Stop, after a signal or an error."""
        begin_stop()
        super().stop(in_sighandler, exitcode)

    def terminate(self, in_sighandler: bool = False) -> None:
        """Stop at once: some tasks do not finish here."""
        begin_stop()
        self.exitcode = 1
        super().terminate(in_sighandler)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def begin_stop(**_: object) -> None:
    """Drain our processes; Celery starts no more tasks, and may not wait for a silent broker."""
    if not stopping.value:
        stopping.value = 1
        end = threading.Timer(settings.shutdown_seconds + GOODBYE_SECONDS, end_without_goodbye)
        end.daemon = True
        end.start()


def end_without_goodbye() -> None:
    """End now; the tasks were handed back, but the broker did not hear that a worker is gone."""
    logger.warning("worker_ended_without_goodbye")
    os._exit(1)


@worker_process_init.connect  # type: ignore[untyped-decorator]
def begin_process(**_: object) -> None:
    """Open everything before the first task arrives; what is away, wait for."""
    configure_logs()
    threading.Thread(target=end_process_when_stopping, daemon=True).start()
    while not runner.cache_info().currsize:
        try:
            runner()
        except Exception as error:
            logger.warning("worker_process_waits", cause=repr(error)[:300])
            time.sleep(REOPEN_SECONDS)


@cache
def runner() -> Runner:
    """Return what this process runs tasks with; open it once."""
    with ExitStack() as stack:
        storage = stack.enter_context(closing(open_storage(settings)))
        store = TaskStore(storage, known_versions(celery.kinds))
        models = open_models(settings)
        stack.pop_all()
    return Runner(store, models, settings, celery.kinds)


@celery.task(name=RUN)  # type: ignore[untyped-decorator]
def run(task_id: str) -> None:
    """Run the task with this id, if it is due and no other process runs it."""
    outlive_signals()
    for claim in claim_when_possible(task_id):
        context = runner().begin(claim)
        try:
            runner().settle(claim, runner().run(context))
        finally:
            runner().end(context)


def outlive_signals() -> None:
    """Do not raise in a task what is sent to all processes: `stopping` says when this one ends.

    Not ignored, which programs that a task starts would inherit.
    """
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"):
        signal.signal(getattr(signal, name), lambda *_: None)


def claim_when_possible(task_id: str) -> list[Claim]:
    """Claim the task; while the storage is unavailable, wait for it."""
    claim, owner, lease = runner().store.claim, runner().owner, settings.task_lease_seconds
    only = str(UUID(task_id))
    while not stopping.value:
        try:
            return claim.sync(owner, lease, 1, only)
        except StorageUnavailableError:
            runner().doubt_claims()
            time.sleep(RETRY_SECONDS)
    return []


def end_process_when_stopping() -> None:
    """Give the running task its time, then hand it back, and leave no process behind."""
    parent = os.getppid()
    while not stopping.value and os.getppid() == parent:
        time.sleep(0.1)
    opened = runner.cache_info().currsize
    if not opened or runner().drain(time.monotonic() + settings.shutdown_seconds):
        os._exit(0)  # it waits for what is away, or runs a task that does not return


def main(kinds: Kinds = KINDS) -> None:
    """Check that everything opens, then run tasks of these kinds until SIGTERM or Ctrl-C."""
    argparse.ArgumentParser(
        prog="python -m app.tasks.engine.celery.worker", description=__doc__
    ).parse_args()
    try:
        with closing(open_storage(settings)) as storage:
            TaskStore(storage)
        open_models(settings).close()
    except StartError as error:
        sys.exit(f"{NOT_STARTED} {error}")
    configure_logs()
    celery.kinds = kinds
    worker = Worker(quiet=True, loglevel="WARNING", without_gossip=True, without_mingle=True)
    worker.start()
    sys.exit(worker.exitcode)


if __name__ == "__main__":
    main()

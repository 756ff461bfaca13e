"""The Celery worker, for `TASK_ENGINE=celery`: `python -m app.tasks.engine.celery.worker`.

Celery provides the processes and hands them the ids of tasks; everything else is as in the
`background` engine: claim, lease, run, settle.
"""

import argparse
import multiprocessing
import os
import sys
import threading
import time
from contextlib import closing
from functools import cache

from celery.signals import worker_process_init, worker_shutting_down

from app.kit.logs import configure_logs
from app.kit.settings import load_settings
from app.kit.start import StartError
from app.models import open_model
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


class WorkerSettings(CelerySettings, ModelSettings, StorageSettings):
    """The settings that a worker needs; the API key, for example, is not one."""


settings = load_settings(WorkerSettings)
celery = make_celery(settings)
celery.kinds = KINDS
# shared with the processes that Celery forks; without a lock, which could be left locked
stopping = multiprocessing.RawValue("b", 0)


@worker_process_init.connect  # type: ignore[untyped-decorator]
def begin_process(**_: object) -> None:
    """Open everything before the first task arrives."""
    configure_logs()
    runner()
    threading.Thread(target=end_process_when_stopping, daemon=True).start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def begin_stop(**_: object) -> None:
    """Drain our processes on SIGTERM; Celery starts no more tasks."""
    stopping.value = 1


@cache
def runner() -> Runner:
    """Return what this process runs tasks with; open it once."""
    store = TaskStore(open_storage(settings), known_versions(celery.kinds))
    return Runner(store, open_model(settings), settings, celery.kinds)


@celery.task(name=RUN)  # type: ignore[untyped-decorator]
def run(task_id: str) -> None:
    """Run the task with this id, if it is due and no other process runs it."""
    for claim in claim_when_possible(task_id):
        context = runner().begin(claim)
        runner().settle(claim, runner().run(context))
        runner().end(context)


def claim_when_possible(task_id: str) -> list[Claim]:
    """Claim the task; while the storage is unavailable, wait for it."""
    claim, owner, lease = runner().store.claim, runner().owner, settings.task_lease_seconds
    while True:
        try:
            return claim.sync(owner, lease, 1, task_id)
        except StorageUnavailableError:
            time.sleep(RETRY_SECONDS)


def end_process_when_stopping() -> None:
    """Give the running task its time, then hand it back, and leave no process behind."""
    while not stopping.value:
        time.sleep(0.1)
    if runner().drain(time.monotonic() + settings.shutdown_seconds):
        os._exit(0)  # the task does not return


def main(kinds: Kinds = KINDS) -> None:
    """Check that everything opens, then run tasks of these kinds until SIGTERM or Ctrl-C."""
    argparse.ArgumentParser(
        prog="python -m app.tasks.engine.celery.worker", description=__doc__
    ).parse_args()
    try:
        with closing(open_storage(settings)) as storage:
            TaskStore(storage)
        open_model(settings).close()
    except StartError as error:
        sys.exit(f"The worker did not start. {error}")
    configure_logs()
    celery.kinds = kinds
    celery.worker_main(["worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"])


if __name__ == "__main__":
    main()

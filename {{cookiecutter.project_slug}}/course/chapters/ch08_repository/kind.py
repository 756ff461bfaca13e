"""The app with one more kind of task, `probe`, which the grader can watch.

Each run of a task is recorded. It stands still as long as there is a file `hold`, or one for its
word and the number of the run. That is how the grader decides what happens in which order.

`python -m chapters.ch08_repository.kind` serves the app.
"""

import os
import threading
import time
from asyncio import Future
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel

from app.__main__ import main
from app.kit.settings import load_settings
from app.main import create_app
from app.settings import Settings
from app.storage.calls import Call
from app.storage.connection import StorageUnavailableError
from app.storage.opening import connector
from app.storage.thread import Storage
from app.tasks.engine.context import TaskContext
from app.tasks.engine.runner import HANDED_BACK
from app.tasks.kinds.registry import KINDS, Kind
from app.tasks.store import TaskStore
from learn.grading import probe
from learn.grading.gate import Gate, wait_until

LATE = "late"  # the first run, once it has lost its task
LONGEST_HOLD_SECONDS = 100
AT_ONCE = -1.0  # seconds until a lease that has run out may be taken over
HEART = "task-heartbeat"  # the thread that renews leases

Loss = Literal["lease", "place"]


class Probe(BaseModel):
    """A word to recognise the task by, and what happens in its first run."""

    word: str
    crash: bool = False
    fail: bool = False
    lose: Loss | None = None


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Record the run, and stand still; then crash, fail, lose the task, or return."""
    probe.note("run", word=payload.word)
    runs = Gate(probe.folder).events("run")
    number = sum(run["word"] == payload.word for run in runs)
    if payload.crash and number == 1:
        os._exit(1)
    stand_still(f"hold-{payload.word}-{number}")
    if payload.fail and number == 1:
        raise RuntimeError
    if payload.lose and number == 1:
        lose(task, payload.lose)
        stand_still(f"hold-{payload.word}-{LATE}")
    return {"word": payload.word, "run": number}


def stand_still(name: str) -> None:
    """Wait without checking whether the task must stop, as a library call does."""
    files = [probe.folder / "hold", probe.folder / name]
    wait_until(lambda: not any(file.exists() for file in files), LONGEST_HOLD_SECONDS)


def lose(task: TaskContext, how: Loss) -> None:
    """Take the task away from this process, at once.

    In production that takes a process that is frozen for longer than its lease, or one that is
    stopped, hands back its tasks, and then goes on for a moment.
    """
    store, claim = task.store, task.claim
    if how == "place":
        store.settle.sync((claim, HANDED_BACK))
    else:
        store.renew.sync(claim.owner, -time.time(), [claim.id])
        store.doubt.sync(LONGEST_HOLD_SECONDS, AT_ONCE)
        store.rescue.sync(max_attempts=99)


class HeartlessStorage(Storage):
    """A storage where a lease stays as the claim wrote it: never renewed, and no time to do so."""

    def wait_for(self, call: Call) -> object:
        """Do the call, unless it comes from the heartbeat."""
        if threading.current_thread().name == HEART:
            raise StorageUnavailableError
        return super().wait_for(call)

    def put(self, call: Call) -> "Future[Any]":
        """Do the call, unless the engine renews; what has run out may be taken over at once."""
        if isinstance(call.method, partial) and call.method.func is TaskStore.renew.function:
            call.method = dict
        if isinstance(call.method, partial) and call.method.func is TaskStore.doubt.function:
            store, lease, _ = call.method.args
            call.method = partial(call.method.func, store, lease, AT_ONCE)
        return super().put(call)


def open_storage(settings: Settings) -> Storage:
    """Open the storage; a server that is not needed yet stands still here."""
    stand_still("hold-start")
    return HeartlessStorage(connector(settings), settings.storage_seconds)


app = create_app(
    load_settings(Settings),
    kinds={**KINDS, "probe": Kind(Probe, run_probe, {})},
    open_storage=open_storage,
)

if __name__ == "__main__":
    main("chapters.ch08_repository.kind:app")

"""Kinds that misbehave, and a slow model, for the real processes that `served.py` starts."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from app.serving.answers import Classification
from app.tasks.engine.context import TaskContext
from app.tasks.kinds import registry
from app.tasks.kinds.registry import Kind, Kinds
from tests.fakes import FakeModel, Flower, only

loops: list[asyncio.AbstractEventLoop] = []


class Note(BaseModel):
    """Where to record a start, and how long to block."""

    path: Path
    seconds: float = 0


def note_and_block(payload: Note, _: TaskContext) -> None:
    """Record the start, then block this thread."""
    with payload.path.open("a") as file:
        file.write("started\n")
    time.sleep(payload.seconds)


def note_and_block_the_loop(payload: Note, task: TaskContext) -> None:
    """Record the start, then block both this thread and the event loop."""
    loops[-1].call_soon_threadsafe(time.sleep, payload.seconds)
    note_and_block(payload, task)


def kill_the_process(payload: Note, task: TaskContext) -> None:
    """Kill the process in which the task runs."""
    note_and_block(payload, task)
    os.kill(os.getpid(), signal.SIGKILL)


def panic(payload: Note, task: TaskContext) -> None:
    """Raise what `except Exception` lets through."""
    note_and_block(payload, task)
    raise KeyboardInterrupt


class SlowModel(FakeModel):
    """Takes a while for each piece of a batch."""

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Return an answer for each flower."""
        time.sleep(0.05)
        return super().predict(rows)


KINDS: Kinds = {
    **registry.KINDS,
    "of_a_newer_app": Kind(Note, note_and_block, {}, version=2),
    **{
        run.__name__: Kind(Note, run, {})
        for run in (note_and_block, note_and_block_the_loop, kill_the_process, panic)
    },
}


SLOW = only(lambda _: SlowModel())


def load_when_allowed(_: object) -> FakeModel:
    """Return a model, once there is no file where the variable HELD says."""
    while Path(os.environ["HELD"]).exists():
        time.sleep(0.05)
    return FakeModel()


ALLOWED = only(load_when_allowed)

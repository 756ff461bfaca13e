"""Kinds that misbehave, and a slow model: for real processes, which `served.py` starts."""

import asyncio
import os
import signal
import time
from pathlib import Path

from pydantic import BaseModel

from app.serving.protocol import Matrix, Model
from app.settings import Settings
from app.tasks.engine.context import TaskContext
from app.tasks.kinds import registry
from app.tasks.kinds.registry import Kind, Kinds
from tests.fakes import FakeModel

loops: list[asyncio.AbstractEventLoop] = []


class Note(BaseModel):
    """Where a start is noted, and for how long to block."""

    path: Path
    seconds: float = 0


def note_and_block(payload: Note, _: TaskContext) -> None:
    """Note the start, then block this thread."""
    with payload.path.open("a") as file:
        file.write("started\n")
    time.sleep(payload.seconds)


def note_and_block_the_loop(payload: Note, task: TaskContext) -> None:
    """Note the start, then block this thread and the event loop as well."""
    loops[-1].call_soon_threadsafe(time.sleep, payload.seconds)
    note_and_block(payload, task)


def kill_the_process(payload: Note, task: TaskContext) -> None:
    """End the process in which it runs, without a word."""
    note_and_block(payload, task)
    os.kill(os.getpid(), signal.SIGKILL)


class SlowModel(FakeModel):
    """Takes its time for each piece of a batch."""

    def predict(self, rows: Matrix) -> Matrix:
        """Rows of shape (n, 4) to probabilities of shape (n, 2)."""
        time.sleep(0.05)
        return super().predict(rows)


KINDS: Kinds = {
    **registry.KINDS,
    **{
        run.__name__: Kind(Note, run, {})
        for run in (note_and_block, note_and_block_the_loop, kill_the_process)
    },
}


def load_slow_model(_: Settings) -> Model:
    """The loader of the slow model."""
    return SlowModel()

"""Kinds that misbehave, and a slow model, for the real processes that `served.py` starts."""

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

    def predict(self, rows: Matrix) -> Matrix:
        """Return probabilities of shape (n, 2) for rows of shape (n, 4)."""
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


def load_slow_model(_: Settings) -> Model:
    """Return the slow model."""
    return SlowModel()

"""A kind of task that says where it runs, and a broker that can be held: a `MODEL_LOADER`."""

import os
import time
from typing import Any

from pydantic import BaseModel

from app.serving.protocol import Model
from app.settings import Settings
from app.tasks.engine.celery.folder_broker import FolderChannel, FolderTransport
from app.tasks.engine.context import TaskContext
from app.tasks.kinds import KINDS, Kind
from learn.grading import probe


class Probe(BaseModel):
    """A word by which a task is known again."""

    word: str


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Note the start, wait while it is held, and give the process's id."""
    probe.note("start", word=payload.word)
    while (probe.folder / "hold").exists():
        task.sleep(0.01)
    return {"word": payload.word, "pid": os.getpid()}


class SlowChannel(FolderChannel):
    """While a file `hold-broker` is there, whoever sends a message waits."""

    def _put(self, queue: str, message: dict[str, Any], **more: object) -> None:  # type: ignore[override]
        probe.note("send")
        while (probe.folder / "hold-broker").exists():
            time.sleep(0.005)
        super()._put(queue, message, **more)


FolderTransport.Channel = SlowChannel


def load_model(settings: Settings) -> Model:
    """Register the kind `probe`."""
    KINDS["probe"] = Kind(Probe, run_probe, {})
    return probe.load_model(settings)

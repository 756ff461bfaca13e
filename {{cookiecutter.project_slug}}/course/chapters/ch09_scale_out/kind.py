"""A kind of task that says where it runs, and a broker that can be held; a `MODEL_LOADER`."""

import os
import time
from typing import Any

from pydantic import BaseModel

from app.serving.protocol import Model
from app.settings import Settings
from app.tasks.engine.celery.folder_broker import FolderChannel, FolderTransport
from app.tasks.engine.context import TaskContext
from app.tasks.kinds import KINDS, Kind
from learn import probes


class Probe(BaseModel):
    """A word to recognise the task by."""

    word: str


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Record the start, wait while the task is held, and return the process's id."""
    probes.note("start", word=payload.word)
    while (probes.folder / "hold").exists():
        task.sleep(0.01)
    return {"word": payload.word, "pid": os.getpid()}


class SlowChannel(FolderChannel):
    """A channel on which messages have to wait as long as there is a file `hold-broker`."""

    def _put(self, queue: str, message: dict[str, Any], **more: object) -> None:  # type: ignore[override]
        probes.note("send")
        while (probes.folder / "hold-broker").exists():
            time.sleep(0.005)
        super()._put(queue, message, **more)


FolderTransport.Channel = SlowChannel


def load_model(settings: Settings) -> Model:
    """Register the kind `probe`."""
    KINDS["probe"] = Kind(Probe, run_probe, {})
    return probes.load_model(settings)

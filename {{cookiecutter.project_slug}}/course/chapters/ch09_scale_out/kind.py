"""A kind of task that says where it runs; it is there with the model of this `MODEL_LOADER`."""

import os

from pydantic import BaseModel

from app.model.loader import Model
from app.settings import Settings
from app.tasks.context import TaskContext
from app.tasks.kinds import KINDS, Kind
from learn import probes


class Probe(BaseModel):
    """A word by which a task is known again."""

    word: str


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Note the start, wait while it is held, and give the process's id."""
    probes.note("start", word=payload.word)
    while (probes.folder / "hold").exists():
        task.sleep(0.01)
    return {"word": payload.word, "pid": os.getpid()}


def load_model(settings: Settings) -> Model:
    """Register the kind `probe`."""
    KINDS["probe"] = Kind(Probe, run_probe, {})
    return probes.load_model(settings)

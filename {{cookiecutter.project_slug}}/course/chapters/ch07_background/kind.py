"""The app with one more kind of task, `probe`, which ends as its payload says.

`python -m chapters.ch07_background.kind` serves it.
"""

import sys
import threading
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.__main__ import main
from app.errors import AppError
from app.kit.settings import load_settings
from app.main import create_app
from app.settings import Settings
from app.tasks.engine.context import TaskContext
from app.tasks.kinds.registry import KINDS, Kind
from learn.grading import probe


class RefusedProbeError(AppError):
    """The task's input cannot be used; only the task itself can find that out."""

    status = 422
    title = "Refused Probe"

    def __init__(self, word: str) -> None:
        self.word = word

    @property
    def detail(self) -> str:
        """A message with the word: the client may read it."""
        return f"The word {self.word} cannot be used."


class Probe(BaseModel):
    """A word to recognise the task by, and how each attempt at it ends."""

    model_config = ConfigDict(extra="forbid")

    word: str = Field(min_length=1, strict=True)
    end: Literal["return", "refuse", "crash", "exit"] = "return"


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Record the start, wait while the task is held, and end."""
    main = threading.current_thread() is threading.main_thread()
    probe.note("start", word=payload.word, main_thread=main)
    while (probe.folder / "hold").exists():
        task.sleep(0.01)
    if payload.end == "refuse":
        raise RefusedProbeError(payload.word)
    if payload.end == "crash":
        raise RuntimeError(f"user=app password={payload.word}")
    if payload.end == "exit":
        sys.exit(payload.word)
    return {"word": payload.word, "letters": len(payload.word)}


app = create_app(load_settings(Settings), kinds={**KINDS, "probe": Kind(Probe, run_probe, {})})

if __name__ == "__main__":
    main("chapters.ch07_background.kind:app")

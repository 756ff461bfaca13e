"""The app with one more kind of task, `probe`, which says where it runs, and a slow broker.

`python -m chapters.ch09_scale_out.kind` serves it; its worker is `chapters.ch09_scale_out.worker`.
"""

import os
import time

from celery.signals import before_task_publish
from pydantic import BaseModel

from app.__main__ import main
from app.kit.settings import load_settings
from app.main import create_app
from app.settings import Settings
from app.tasks.engine.context import TaskContext
from app.tasks.kinds.registry import KINDS, Kind, Kinds
from learn.grading import probe


class Probe(BaseModel):
    """A word to recognise the task by."""

    word: str


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Record the start, wait while the task is held, and return the process's id."""
    probe.note("start", word=payload.word)
    while (probe.folder / "hold").exists():
        task.sleep(0.01)
    return {"word": payload.word, "pid": os.getpid()}


@before_task_publish.connect  # type: ignore[untyped-decorator]
def send_slowly(**_: object) -> None:
    """Make the sender of a message wait as long as there is a file `hold-broker`."""
    probe.note("send")
    while (probe.folder / "hold-broker").exists():
        time.sleep(0.005)


PROBE_KINDS: Kinds = {**KINDS, "probe": Kind(Probe, run_probe, {})}

app = create_app(load_settings(Settings), kinds=PROBE_KINDS)

if __name__ == "__main__":
    main("chapters.ch09_scale_out.kind:app")

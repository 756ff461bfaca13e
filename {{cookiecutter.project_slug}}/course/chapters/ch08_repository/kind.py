"""A kind of task for the grader's eyes; it is there with the model of this `MODEL_LOADER`.

Each run of a task is noted. It stands still while a file `hold` is there, or one for its word and
the number of the run; so the grader decides what happens in which order.
"""

import os
import time
from typing import Literal

from pydantic import BaseModel

from app.serving.protocol import Model
from app.settings import Settings
from app.tasks.engine import runner
from app.tasks.engine.context import TaskContext
from app.tasks.kinds import KINDS, Kind
from learn.grading import probe
from learn.grading.gate import Gate, wait_until

LATE = "late"  # the first run, once it has lost its task
LONGEST_HOLD_SECONDS = 100
NO_BEAT_SECONDS = 3600

Loss = Literal["lease", "place"]


class Probe(BaseModel):
    """A word by which a task is known again, and what its first run shall come to."""

    word: str
    crash: bool = False
    fail: bool = False
    lose: Loss | None = None


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Note the run, and stand still; then crash, fail, lose the task, or return."""
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
    """Wait without looking whether the task shall stop, as a call of a library does."""
    files = [probe.folder / "hold", probe.folder / name]
    wait_until(lambda: not any(file.exists() for file in files), LONGEST_HOLD_SECONDS)


def lose(task: TaskContext, how: Loss) -> None:
    """Have the task taken from this process, at once.

    Otherwise it takes a process that is frozen for longer than its lease, or one that hands its
    tasks back at its stop and then goes on for a moment.
    """
    repository, claim = task._commits.repository, task.claim

    def taken_away() -> None:
        if how == "place":
            repository.settle([(claim, runner.HANDED_BACK)])
        else:
            repository.renew(claim.owner, -time.time(), [claim.id])
            repository.rescue(max_attempts=99)

    task._commits.wait(taken_away)


def load_model(settings: Settings) -> Model:
    """Register the kind `probe`; a server that is not wanted yet stands still here.

    No heart beats: a lease is what the claim has written, and not what a heartbeat mended later.
    """
    stand_still("hold-start")
    runner.LONGEST_BEAT_SECONDS = NO_BEAT_SECONDS
    KINDS["probe"] = Kind(Probe, run_probe, {})
    return probe.load_model(settings)

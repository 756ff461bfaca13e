"""A kind of task that the grader can watch; this `MODEL_LOADER` registers it.

Each run of a task is recorded. It stands still as long as there is a file `hold`, or one for its
word and the number of the run. That is how the grader decides what happens in which order.
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
from learn import probes
from learn.gate import Gate, wait_until

LATE = "late"  # the first run, once it has lost its task
LONGEST_HOLD_SECONDS = 100
NO_BEAT_SECONDS = 3600

Loss = Literal["lease", "place"]


class Probe(BaseModel):
    """A word to recognise the task by, and what is to happen in its first run."""

    word: str
    crash: bool = False
    fail: bool = False
    lose: Loss | None = None


def run_probe(payload: Probe, task: TaskContext) -> dict[str, object]:
    """Record the run, and stand still; then crash, fail, lose the task, or return."""
    probes.note("run", word=payload.word)
    runs = Gate(probes.folder).events("run")
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
    files = [probes.folder / "hold", probes.folder / name]
    wait_until(lambda: not any(file.exists() for file in files), LONGEST_HOLD_SECONDS)


def lose(task: TaskContext, how: Loss) -> None:
    """Take the task away from this process, at once.

    Otherwise that takes a process that is frozen for longer than its lease, or one that hands back
    its tasks when it is stopped, and then goes on for a moment.
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
    """Register the kind `probe`; a server that is not needed yet stands still here.

    There is no heartbeat: a lease is what the claim wrote, not what a heartbeat repaired later.
    """
    stand_still("hold-start")
    runner.LONGEST_BEAT_SECONDS = NO_BEAT_SECONDS
    KINDS["probe"] = Kind(Probe, run_probe, {})
    return probes.load_model(settings)

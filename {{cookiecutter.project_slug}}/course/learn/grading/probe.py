"""A model that a grader holds in its hand: `MODEL_LOADER=learn.probes:load_model`.

It runs in the learner's app, beside the learner's code; the grader is in another process. They meet
in the folder `PROBE_FOLDER`: the model writes down what is done with it, a line of JSON each, and
while a file `hold` lies there, no inference comes back.
"""

import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.model.artefact import FeatureRange, ModelCard
from app.model.features import Features
from app.model.loader import Matrix, Model
from app.settings import Settings

LONGEST_HOLD_SECONDS = 20
LABELS = ("short", "long")

SLOW_SECONDS = 5

folder = Path(os.environ.get("PROBE_FOLDER", "var/probe"))


def note(event: str, **facts: object) -> None:
    """Write down what happens; one write, so that lines of several processes do not mix."""
    line = json.dumps({"event": event, "pid": os.getpid(), "at": time.time(), **facts}) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)


class ProbeModel:
    """Says `long` when the flower's sepal is over 6 cm."""

    card = ModelCard(
        name="probe",
        version="00000000c0de",
        sha256="0" * 64,
        trained_at=datetime(2026, 1, 1, tzinfo=UTC),
        metrics={"accuracy": 1.0},
        features=[
            FeatureRange(name=name, unit="cm", minimum=0.1, maximum=8.0)
            for name in Features.model_fields
        ],
        labels=list(LABELS),
        libraries={},
    )

    def predict(self, rows: Matrix) -> Matrix:
        """Rows of shape (n, 4) to probabilities of shape (n, 2), when it is not held."""
        main = threading.current_thread() is threading.main_thread()
        note("predict", rows=len(rows), main_thread=main)
        deadline = time.monotonic() + LONGEST_HOLD_SECONDS
        while (folder / "hold").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        note("predicted")
        long = np.where(rows[:, :1] > 6, 0.75, 0.25)
        return np.hstack([1 - long, long]).astype(np.float32)

    def close(self) -> None:
        """Note it."""
        note("close")


def load_model(_: Settings) -> Model:
    """The loader."""
    note("load")
    return ProbeModel()


class SlowModel(ProbeModel):
    """Takes its time for every inference, as a large model does."""

    def predict(self, rows: Matrix) -> Matrix:
        """The same probabilities, some seconds later; the thread does nothing else meanwhile."""
        time.sleep(SLOW_SECONDS)
        return super().predict(rows)


def load_slow_model(_: Settings) -> Model:
    """For a learner's own eyes: chapter 06."""
    return SlowModel()


class FailingModel(ProbeModel):
    """Has a bug, whose message holds what no client may see."""

    def predict(self, rows: Matrix) -> Matrix:
        """Raise; the setting PROBE_SECRET is in the message."""
        secret = os.environ.get("PROBE_SECRET", "kestrel-17")
        raise KeyError(f"no table 'v{len(rows)}', user=app password={secret}")


def load_failing_model(_: Settings) -> Model:
    """For chapter 05."""
    return FailingModel()

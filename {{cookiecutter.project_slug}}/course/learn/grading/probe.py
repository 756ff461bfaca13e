"""A model that a grader can hold: `MODEL_LOADER=learn.grading.probe:load_model`.

It runs in the learner's app, with the learner's code; the grader is in another process. They meet
in the folder `PROBE_FOLDER`: the model records each use of it as a line of JSON, and while a file
`hold` is there, no inference returns.
"""

import json
import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.models import Features
from app.serving.artefact import FeatureRange, ModelCard
from app.serving.protocol import Matrix, Model
from app.settings import Settings

LONGEST_HOLD_SECONDS = 20
LABELS = ("short", "long")

SLOW_SECONDS = 5

folder = Path(os.environ.get("PROBE_FOLDER", "var/probe"))


def note(event: str, **facts: object) -> None:
    """Record an event in one write, so that the lines of several processes do not mix."""
    line = json.dumps({"event": event, "pid": os.getpid(), "at": time.time(), **facts}) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)


class ProbeModel:
    """A model that says `long` when the sepal is longer than 6 cm."""

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
        """Turn rows of shape (n, 4) into probabilities of shape (n, 2), once it is not held."""
        main = threading.current_thread() is threading.main_thread()
        note("predict", rows=len(rows), main_thread=main)
        deadline = time.monotonic() + LONGEST_HOLD_SECONDS
        while (folder / "hold").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        note("predicted")
        long = np.where(rows[:, :1] > 6, 0.75, 0.25)
        return np.hstack([1 - long, long]).astype(np.float32)

    def close(self) -> None:
        """Record that it is closed."""
        note("close")


def load_model(_: Settings) -> Model:
    """Return the probe, and record that it is loaded."""
    note("load")
    return ProbeModel()


class SlowModel(ProbeModel):
    """A model that takes its time for every inference, as a large one does."""

    def predict(self, rows: Matrix) -> Matrix:
        """Return the same probabilities after some seconds, in which the thread is blocked."""
        time.sleep(SLOW_SECONDS)
        return super().predict(rows)


def load_slow_model(_: Settings) -> Model:
    """Return the slow model, which learners try themselves in chapter 06."""
    return SlowModel()


class FailingModel(ProbeModel):
    """A model with a bug, whose message contains what no client may see."""

    def predict(self, rows: Matrix) -> Matrix:
        """Raise an error with the setting PROBE_SECRET in its message."""
        secret = os.environ.get("PROBE_SECRET", "kestrel-17")
        raise KeyError(f"no table 'v{len(rows)}', user=app password={secret}")


def load_failing_model(_: Settings) -> Model:
    """Return the failing model of chapter 05."""
    return FailingModel()

"""A model that a grader can hold: `MODELS=learn.grading.probe:MODELS`.

It runs in the learner's app, with the learner's code; the grader is in another process. They meet
in the folder `PROBE_FOLDER`: the model records each use of it as a line of JSON, and while a file
`hold` is there, no inference returns.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.models.iris.features import Features
from app.serving.answers import Classification
from app.serving.card import FeatureRange, ModelCard
from app.serving.onnx import OnnxModel
from app.serving.served import Served

LONGEST_HOLD_SECONDS = 20
LABELS = ("short", "long")
CHECKS = 2  # how often a model is asked at the start

SLOW_SECONDS = 5

folder = Path(os.environ.get("PROBE_FOLDER", "var/probe"))


def note(event: str, **facts: object) -> None:
    """Record an event in one write, so that the lines of several processes do not mix."""
    line = json.dumps({"event": event, "pid": os.getpid(), "at": time.time(), **facts}) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)


CARD = ModelCard(
    name="iris",
    version="00000000c0de",
    files={},
    trained_at=datetime(2026, 1, 1, tzinfo=UTC),
    metrics={"accuracy": 1.0},
    features=[
        FeatureRange(name=name, unit="cm", minimum=0.1, maximum=8.0)
        for name in Features.model_fields
    ],
    labels=list(LABELS),
)


class ProbeModel:
    """A model that says `long` when the sepal is longer than 6 cm."""

    def __init__(self) -> None:
        note("load")
        self._checks = CHECKS

    def predict(self, rows: Sequence[Features]) -> list[Classification]:
        """Answer for each flower; at the start, when it is checked, like any other model."""
        if self._checks:
            self._checks -= 1
            return [answer(row) for row in rows]
        return self.ask(rows)

    def ask(self, rows: Sequence[Features]) -> list[Classification]:
        """Answer for each flower, once it is not held."""
        main = threading.current_thread() is threading.main_thread()
        note("predict", rows=len(rows), main_thread=main)
        deadline = time.monotonic() + LONGEST_HOLD_SECONDS
        while (folder / "hold").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        note("predicted")
        return [answer(row) for row in rows]

    def close(self) -> None:
        """Record that it is closed."""
        note("close")


def answer(flower: Features) -> Classification:
    """Return what the probe says of a flower, whatever class the learner has made of it."""
    long = 0.75 if getattr(flower, "sepal_length_cm", 0) > 6 else 0.25
    label = LABELS[long > 0.5]
    return Classification(
        label=label, probabilities=dict(zip(LABELS, (1 - long, long), strict=True))
    )


class SlowModel(ProbeModel):
    """A model that takes its time for every inference, as a large one does (chapter 06)."""

    def ask(self, rows: Sequence[Features]) -> list[Classification]:
        """Return the same answers after some seconds, in which the thread is blocked."""
        time.sleep(SLOW_SECONDS)
        return super().ask(rows)


class BrokenAnswer(Classification):
    """An answer that nobody can read: the error has the setting PROBE_SECRET in its message."""

    def __getattribute__(self, name: str) -> object:
        """Raise KeyError once the service asks for the answer's values."""
        if name == "__dict__":
            secret = os.environ.get("PROBE_SECRET", "kestrel-17")
            raise KeyError(f"no table 'v1', user=app password={secret}")
        return super().__getattribute__(name)


class FailingModel(ProbeModel):
    """A model with a bug that shows in the service (chapter 05): in itself, it would be caught."""

    def ask(self, rows: Sequence[Features]) -> list[Classification]:
        """Return answers that cannot be read, with what no client may see in the error."""
        return [BrokenAnswer(label=LABELS[0], probabilities={}) for _ in rows]


def only(make: Callable[[], ProbeModel]) -> tuple[Served[Features, Classification]]:
    """Return the list of one model, which stands in for the iris model."""
    return (Served("iris", Features, Classification, lambda _: make(), CARD),)


MODELS = only(ProbeModel)
SLOW = only(SlowModel)
FAILING = only(FailingModel)
TRAINED = (Served("iris", Features, Classification, OnnxModel),)  # the iris model itself

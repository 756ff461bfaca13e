"""Models without a file, selected with `MODEL_LOADER=tests.fakes:load_model`."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic import BaseModel

from app.models import Features
from app.serving.artefact import FeatureRange, ModelCard
from app.serving.protocol import Matrix, Model
from app.settings import Settings


def example(question: type[BaseModel]) -> dict[str, Any]:
    """Return a valid question: the first example of every field."""
    return {name: (field.examples or [None])[0] for name, field in question.model_fields.items()}


FLOWER = example(Features)  # its petals are short
HEADER = ",".join(FLOWER)
CARD = ModelCard(
    name="fake",
    version="000000000000",
    sha256="0" * 64,
    trained_at=datetime(2026, 1, 1, tzinfo=UTC),
    metrics={"accuracy": 1.0},
    features=[
        FeatureRange(name=name, unit="cm", minimum=0.1, maximum=8.0)
        for name in Features.model_fields
    ],
    labels=["short", "long"],
    libraries={},
)


def csv_row(**changes: object) -> str:
    """Return the flower as a CSV row under `HEADER`, with these values changed."""
    return ",".join(str(value) for value in (FLOWER | changes).values())


class FakeModel:
    """Says `long` if the sepal is longer than 6 cm; records every call."""

    card = CARD

    def __init__(self) -> None:
        self.calls: list[str] = ["load"]

    def predict(self, rows: Matrix) -> Matrix:
        """Return probabilities of shape (n, 2) for rows of shape (n, 4)."""
        self.calls.append("predict")
        long = np.where(rows[:, :1] > 6, 0.75, 0.25)
        return np.hstack([1 - long, long]).astype(np.float32)

    def close(self) -> None:
        """Record the call."""
        self.calls.append("close")


class BrokenModel(FakeModel):
    """Raises an error at every prediction, with a secret in the message."""

    def predict(self, rows: Matrix) -> Matrix:
        """Raise the error."""
        raise KeyError(f"/etc/secret-path for {len(rows)} row(s)")


class ChangedModel(FakeModel):
    """Gives what a function makes of its answers."""

    def __init__(self, change: Callable[[Matrix], Any]) -> None:
        super().__init__()
        self.change = change

    def predict(self, rows: Matrix) -> Matrix:
        """Return the changed answers."""
        changed: Matrix = self.change(super().predict(rows))
        return changed


def nan_where_long(answers: Matrix) -> Matrix:
    """Return the answers, with NaN for the long ones."""
    return np.where(answers[:, 1:] > 0.5, np.float32(np.nan), answers)


class HeldModel(FakeModel):
    """Holds each inference until the test opens the gate; records the sepals of each call."""

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Semaphore(0)
        self.gate = threading.Event()
        self.asked: list[list[float]] = []

    def predict(self, rows: Matrix) -> Matrix:
        """Wait at the gate."""
        self.asked.append(rows[:, 0].tolist())
        self.started.release()
        assert self.gate.wait(timeout=30)
        return super().predict(rows)


class StoppedModel(FakeModel):
    """Stops its own process in the middle of an inference."""

    def predict(self, rows: Matrix) -> Matrix:
        """Send the signal, then answer."""
        os.kill(os.getpid(), signal.SIGTERM)
        return super().predict(rows)


made: list[FakeModel] = []


def load_model(_: Settings) -> Model:
    """Return a fake model, and append it to `made`."""
    made.append(FakeModel())
    return made[-1]


def load_held_model(_: Settings) -> Model:
    """Return a model that `made[-1].gate` releases."""
    made.append(HeldModel())
    return made[-1]


def load_stopped_model(_: Settings) -> Model:
    """Return a model that stops its process."""
    return StoppedModel()


def load_stuck_model(_: Settings) -> Model:
    """Return a model, and leave a thread that never ends, as that of a `def` route that hangs."""
    threading.Thread(target=threading.Event().wait, name="stuck").start()
    return FakeModel()


def load_broken_model(_: Settings) -> Model:
    """Return a model that cannot predict."""
    return BrokenModel()


def fail_to_load(_: Settings) -> Model:
    """Raise the error of a loader that has a bug."""
    raise ZeroDivisionError("a bug in somebody's loader")


def exit_instead(_: Settings) -> Model:
    """End the program as if all were well."""
    raise SystemExit(0)

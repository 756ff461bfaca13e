"""The model of the tests, which has no file: `MODELS=tests.fakes:MODELS`. It tells flowers apart.

So the tests hold for the service, whatever it serves.
"""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.serving.answers import Classification
from app.serving.batching import LONGEST_QUEUE, BatchingModel
from app.serving.card import FeatureRange, ModelCard
from app.serving.loaded import LoadedModel
from app.serving.models import Models
from app.serving.served import Served

CHECKS = 2  # how often a model is asked at the start
Centimetres = Annotated[
    float,
    Field(gt=0, le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]


class Flower(BaseModel):
    """What the fake model is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sepal_length_cm: Centimetres = Field(examples=[5.1])
    sepal_width_cm: Centimetres = Field(examples=[3.5])
    petal_length_cm: Centimetres = Field(examples=[1.4])
    petal_width_cm: Centimetres = Field(examples=[0.2])


def example(question: type[BaseModel]) -> dict[str, Any]:
    """Return a valid question: the first example of every field."""
    return {name: (field.examples or [None])[0] for name, field in question.model_fields.items()}


FLOWER = example(Flower)  # its petals are short
HEADER = ",".join(FLOWER)
CARD = ModelCard(
    name="flower",
    version="000000000000",
    files={},
    trained_at=datetime(2026, 1, 1, tzinfo=UTC),
    metrics={"accuracy": 1.0},
    features=[
        FeatureRange(name=name, unit="cm", minimum=0.1, maximum=8.0) for name in Flower.model_fields
    ],
    labels=["short", "long"],
)
LONG, SHORT = (
    Classification(label=label, probabilities={"short": 1 - long, "long": long})
    for label, long in (("long", 0.75), ("short", 0.25))
)


def flower(sepal: float = 5.1) -> Flower:
    """Return a flower whose sepal has this length."""
    return Flower.model_construct(**FLOWER | {"sepal_length_cm": sepal})


def csv_row(**changes: object) -> str:
    """Return the flower as a CSV row under `HEADER`, with these values changed."""
    return ",".join(str(value) for value in (FLOWER | changes).values())


class FakeModel:
    """Says `long` if the sepal is longer than 6 cm; records every call."""

    card = CARD

    def __init__(self) -> None:
        self.calls: list[str] = ["load"]

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Return an answer for each flower."""
        self.calls.append("predict")
        return [LONG if row.sepal_length_cm > 6 else SHORT for row in rows]

    def close(self) -> None:
        """Record the call."""
        self.calls.append("close")


class BrokenModel(FakeModel):
    """Raises an error at every prediction, with a secret in the message."""

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Raise the error."""
        raise KeyError(f"/etc/secret-path for {len(rows)} row(s)")


class ChangedModel(FakeModel):
    """Gives what a function makes of its answers."""

    def __init__(self, change: Callable[[Sequence[Classification]], Any]) -> None:
        super().__init__()
        self.change = change

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Return the changed answers."""
        changed: Sequence[Classification] = self.change(super().predict(rows))
        return changed


def nan_where_long(answers: Sequence[Classification]) -> list[Classification]:
    """Return the answers, with NaN for the long ones."""
    nan = Classification.model_construct(label="long", probabilities={"long": float("nan")})
    return [nan if answer.label == "long" else answer for answer in answers]


class HeldModel(FakeModel):
    """Holds each inference until the test opens the gate; records the sepals of each call."""

    def __init__(self, free_calls: int = 0) -> None:
        super().__init__()
        self.started = threading.Semaphore(0)
        self.gate = threading.Event()
        self.asked: list[list[float]] = []
        self.free_calls = free_calls

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Wait at the gate, after the free calls."""
        if self.free_calls:
            self.free_calls -= 1
            return super().predict(rows)
        self.asked.append([row.sepal_length_cm for row in rows])
        self.started.release()
        assert self.gate.wait(timeout=30)
        return super().predict(rows)


class StoppedModel(FakeModel):
    """Stops its own process in the middle of an inference, but not at the start."""

    def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
        """Send the signal, then answer."""
        if len(self.calls) > CHECKS:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().predict(rows)


made: list[FakeModel] = []


def load_model(_: object) -> FakeModel:
    """Return a fake model, and append it to `made`."""
    made.append(FakeModel())
    return made[-1]


def load_held_model(_: object) -> FakeModel:
    """Return a model that `made[-1].gate` releases."""
    made.append(HeldModel(free_calls=CHECKS))
    return made[-1]


def load_stuck_model(_: object) -> FakeModel:
    """Return a model, and leave a thread that never ends, as that of a `def` route that hangs."""
    threading.Thread(target=threading.Event().wait, name="stuck").start()
    return FakeModel()


def fail_to_load(_: object) -> FakeModel:
    """Raise the error of a loader that has a bug."""
    raise ZeroDivisionError("a bug in somebody's loader")


def exit_instead(_: object) -> FakeModel:
    """End the program as if all were well."""
    raise SystemExit(0)


def only(load: Callable[[object], FakeModel]) -> tuple[Served[Flower, Classification]]:
    """Return the list of one model, which this makes."""
    return (Served("flower", Flower, Classification, load, CARD),)


MODELS = only(load_model)
HELD = only(load_held_model)
STOPPED = only(lambda _: StoppedModel())
STUCK = only(load_stuck_model)
BROKEN = only(lambda _: BrokenModel())
FAILING = only(fail_to_load)
EXITING = only(exit_instead)


def loaded(model: FakeModel) -> LoadedModel[Flower, Classification]:
    """Return a model as it is once it is loaded, but not checked."""
    served = Served("flower", Flower, Classification, lambda _: model)
    return LoadedModel(served, model.card, flower(), model)


def queue_before(
    model: FakeModel,
    size: int = 32,
    seconds: float = 30,
    patience: float = 1,
    longest_queue: int = LONGEST_QUEUE,
) -> BatchingModel[Flower, Classification]:
    """Put a queue before a model that nobody has checked."""
    return BatchingModel(loaded(model), size, seconds, patience, longest_queue)


def opens(model: FakeModel, **options: Any) -> Callable[[object], Models]:  # noqa: ANN401
    """Return what opens this model, for `create_app`."""
    return lambda _: Models({"flower": queue_before(model, **options)})

"""Every kind of task, registered in one place.

A kind is a function of a typed payload and a `TaskContext`. It runs in a thread, so it may block
and calculate; what it returns must be JSON. An `AppError` that it raises fails the task for good;
any other exception is a bug or bad luck, and the task is tried again. After a crash it starts from
the beginning, so running it twice should do no harm.

While a new version of the service is rolled out, the previous one runs beside it. It leaves alone
what it does not know: kinds that it does not have, and payloads of a higher `version` than its own.
So raise a kind's version whenever the code before it could not read its payloads or run them; the
new code must still be able to run what earlier versions have accepted.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from app.errors import NotFoundError

# {%- if cookiecutter.__showcases == "yes" +%}
from app.showcases.machines.kinds import START, STOP, Order, start_machine, stop_machine

# {%- endif +%}
from app.tasks.engine.context import TaskContext
from app.tasks.kinds.batch_prediction import predict_batch
from app.tasks.kinds.prediction_report import PredictionReport, report_predictions
from app.tasks.kinds.upload import BatchPrediction
from app.tasks.kinds.wait import Wait, wait

PayloadT = TypeVar("PayloadT", bound=BaseModel)


class UnknownKindError(NotFoundError):
    """There is no such kind of task."""

    title = "Unknown Kind"


@dataclass(frozen=True)
class Kind(Generic[PayloadT]):
    """How tasks of one kind are checked and run."""

    payload: type[PayloadT]
    run: Callable[[PayloadT, TaskContext], Any]
    example: dict[str, Any]
    version: int = 1


Kinds = Mapping[str, Kind[Any]]

KINDS: Kinds = {
    "batch-prediction": Kind(BatchPrediction, predict_batch, {}, version=4),
    "prediction-report": Kind(PredictionReport, report_predictions, {"days": 7}),
    # {% if cookiecutter.__showcases == "yes" %}
    START: Kind(Order, start_machine, {}),
    STOP: Kind(Order, stop_machine, {}),
    # {% endif %}
    "wait": Kind(Wait, wait, {"seconds": 0.2}),
}


def known_versions(kinds: Kinds) -> Iterator[tuple[str, int]]:
    """Yield each kind's name with its version, and with every version before."""
    for name, kind in kinds.items():
        yield from ((name, version) for version in range(1, kind.version + 1))


def find_kind(kinds: Kinds, name: str) -> Kind[Any]:
    """Return the kind of this name, or raise UnknownKindError."""
    if name not in kinds:
        raise UnknownKindError
    return kinds[name]

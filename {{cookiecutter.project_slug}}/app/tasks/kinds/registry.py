"""Every kind of task, registered in one place.

A kind is a function of a typed payload and a `TaskContext`. It runs in a thread, so it may block
and calculate; what it returns must be JSON. An `AppError` that it raises fails the task for good;
any other exception is a bug or bad luck, and the task is tried again. After a crash it starts from
the beginning, so running it twice should do no harm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from app.errors import NotFoundError
from app.tasks.engine.context import TaskContext
from app.tasks.kinds.batch_prediction import BatchPrediction, predict_batch
from app.tasks.kinds.wait import Wait, wait

PayloadT = TypeVar("PayloadT", bound=BaseModel)


class UnknownKindError(NotFoundError):
    """There is no such kind of task; app/tasks/kinds/registry.py lists those that exist."""

    title = "Unknown Kind"


@dataclass(frozen=True)
class Kind(Generic[PayloadT]):
    """How tasks of one kind are checked and run."""

    payload: type[PayloadT]
    run: Callable[[PayloadT, TaskContext], Any]
    example: dict[str, Any]


Kinds = Mapping[str, Kind[Any]]

KINDS: Kinds = {
    "batch-prediction": Kind(BatchPrediction, predict_batch, {}),
    "wait": Kind(Wait, wait, {"seconds": 0.2}),
}


def find_kind(kinds: Kinds, name: str) -> Kind[Any]:
    """Return the kind of this name, or raise UnknownKindError."""
    if name not in kinds:
        raise UnknownKindError
    return kinds[name]

"""A model of the service, in one line of `app/models/__init__.py`."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, get_args

from pydantic import BaseModel

from app.kit.start import StartError
from app.serving.answers import Answer
from app.serving.artefact import Artefact
from app.serving.card import ModelCard
from app.serving.protocol import AnswerT, FeaturesT, Predictor

is_name = re.compile(r"[a-z][a-z0-9_]{0,39}").fullmatch

# what the service adds to an answer
RESERVED = {"id", "created_at", "features", "model_version", "outcome", "warnings"}


def parts_of(kind: Any, seen: set[object] | None = None) -> Iterator[type[BaseModel]]:  # noqa: ANN401
    """Yield the Pydantic models in an annotation, each after those in its own fields."""
    seen = set() if seen is None else seen
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
        seen.add(kind)
        for field in kind.model_fields.values():
            yield from parts_of(field.annotation, seen)
        yield kind
    for inner in get_args(kind):
        yield from parts_of(inner, seen)


def refuse_infinity(features: type[BaseModel]) -> None:
    """Refuse an infinite float or NaN in these features, unless its field or class allows it.

    1e999 is valid JSON, and infinite in Python. Pydantic's own check costs a request no more time.
    """
    for part in parts_of(features):
        if "allow_inf_nan" not in part.model_config:
            part.model_config["allow_inf_nan"] = False
            part.model_config["ser_json_inf_nan"] = "constants"  # null would be another value
            part.model_rebuild(force=True)


def check_answer(answer: type[Answer]) -> None:
    """Raise StartError if the service cannot answer with this class."""
    if taken := RESERVED & answer.model_fields.keys():
        raise StartError(
            f"In {answer.__name__}, rename {', '.join(sorted(taken))}: the service itself adds a "
            "field of that name to each answer."
        )
    if plain := [part.__name__ for part in parts_of(answer) if not issubclass(part, Answer)]:
        raise StartError(
            f"{answer.__name__} has a part {plain[0]}, which must be derived from "
            "app.serving.answers.Answer as well: it refuses NaN in an answer."
        )
    known = {None, *answer.model_fields}
    if answer.outcome_field not in known:
        raise StartError(
            f"{answer.__name__} has no field {answer.outcome_field}: change its outcome_field."
        )


@dataclass(frozen=True, eq=False)
class Served(Generic[FeaturesT, AnswerT]):
    """A model's name, what it is asked, what it answers, and what builds it from its artefact.

    A model that has no artefact, because it reads no file of its own, has its card here.
    """

    name: str
    features: type[FeaturesT]
    answer: type[AnswerT]
    load: Callable[[Artefact], Predictor[FeaturesT, AnswerT]]
    card: ModelCard | None = None

    def __post_init__(self) -> None:
        """Raise StartError if this cannot be served."""
        for kind, base in ((self.features, BaseModel), (self.answer, Answer)):
            if not (isinstance(kind, type) and issubclass(kind, base)):
                raise StartError(
                    f"app/models/__init__.py: {self.name}: {kind!r} must be a class derived from "
                    f"{base.__module__}.{base.__name__}."
                )
        check_answer(self.answer)
        if not is_name(self.name):
            raise StartError(
                f"app/models/__init__.py: {self.name!r} cannot name a model. Addresses contain the "
                "name: begin with a lower-case letter; use only those, digits and _, at most 40."
            )
        refuse_infinity(self.features)

"""A model of the service, in one line of `app/models/__init__.py`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from pydantic import BaseModel

from app.kit.start import StartError
from app.serving.answers import Answer
from app.serving.artefact import Artefact
from app.serving.card import ModelCard
from app.serving.protocol import AnswerT, FeaturesT, Predictor

is_name = re.compile(r"[a-z][a-z0-9_]{0,39}").fullmatch


@dataclass(frozen=True, eq=False)
class Served(Generic[FeaturesT, AnswerT]):
    """A model's name, what it is asked, what it answers, and what makes it of its artefact.

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
                    f"app/models/__init__.py: {self.name}: {kind!r} must be a class that is made "
                    f"from {base.__module__}.{base.__name__}."
                )
        if not is_name(self.name):
            raise StartError(
                f"app/models/__init__.py: {self.name!r} is no name for a model. Use small letters, "
                "digits and _, at most 40, with a letter first: it becomes a part of addresses."
            )

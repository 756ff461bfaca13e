"""What the service needs of a model."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pydantic import BaseModel

from app.serving.answers import Answer

FeaturesT = TypeVar("FeaturesT", bound=BaseModel)
AnswerT = TypeVar("AnswerT", bound=Answer)
AskedT = TypeVar("AskedT", bound=BaseModel, contravariant=True)
AnsweredT = TypeVar("AnsweredT", bound=Answer, covariant=True)


class Predictor(Protocol[AskedT, AnsweredT]):
    """A loaded model: yours, or a ready-made one. Calls may come from several threads at once.

    The answer for a row must not depend on the rows beside it: rows of many clients come together.
    If it has a `close()`, that is called once, after the last prediction.
    """

    def predict(self, rows: Sequence[AskedT], /) -> Sequence[AnsweredT]:
        """Return an answer for each row, in the order of the rows."""

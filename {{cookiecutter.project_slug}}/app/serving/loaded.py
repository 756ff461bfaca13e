"""A version of a model that is loaded, with what is known of it; what it gives is checked."""

import threading
from collections.abc import Sequence
from typing import Generic

import structlog
from pydantic import ValidationError

from app.errors import AppError
from app.kit.exhaustion import is_exhaustion
from app.serving.answers import bad_answer
from app.serving.card import ModelCard
from app.serving.errors import BadAnswerError, ModelClosedError, ModelFailedError
from app.serving.protocol import AnswerT, FeaturesT, Predictor
from app.serving.served import Served

logger = structlog.get_logger()


class LoadedModel(Generic[FeaturesT, AnswerT]):
    """A predictor whose answers are as many as the rows, and what they should be.

    It is closed once nobody uses it any more.
    """

    def __init__(
        self,
        served: Served[FeaturesT, AnswerT],
        card: ModelCard,
        example: FeaturesT,
        predictor: Predictor[FeaturesT, AnswerT],
    ) -> None:
        self.served = served
        self.card = card
        self.example = example
        self._predictor = predictor
        self._lock = threading.Lock()
        self._uses = 0
        self._retired = self._closed = False

    def predict(self, rows: Sequence[FeaturesT], /) -> list[AnswerT]:
        """Return an answer for each row, or raise BadAnswerError; their values are not checked.

        What the model raises becomes a ModelFailedError, unless it is one of the service's own, or
        something has run out: neither SystemExit nor a panic in Rust must end anything.
        """
        if not self.enter():
            raise ModelClosedError
        try:
            return self._ask(rows)
        except Exception as error:  # for the log
            note = f"The model is {self.served.name}, version {self.card.version}."
            if note not in getattr(error, "__notes__", ()):  # some raise the same one each time
                error.add_note(note)
            raise
        finally:
            self.leave()

    def enter(self) -> bool:
        """Keep it open until `leave`; return False if it is closed."""
        with self._lock:
            self._uses += not self._closed
            return not self._closed

    def leave(self) -> None:
        """End a use of it."""
        with self._lock:
            self._uses -= 1
        self._close_if_unused()

    def close(self) -> bool:
        """Release what it holds, now or after its last use; return whether that was now."""
        self._retired = True
        return self._close_if_unused()

    def _close_if_unused(self) -> bool:
        with self._lock:
            unused = self._retired and not self._uses and not self._closed
            self._closed = self._closed or unused
        close = getattr(self._predictor, "close", None)
        if unused and close:
            try:
                close()
            except BaseException:  # it would end a prediction, or what replaces versions
                logger.exception("A model could not be closed", model=self.served.name)
        return self._closed

    def _ask(self, rows: Sequence[FeaturesT]) -> list[AnswerT]:
        try:
            return self._check(self._predictor.predict(rows), len(rows))
        except ValidationError as error:
            raise bad_answer(error) from error
        except AppError:
            raise
        except BaseException as error:
            if is_exhaustion(error):
                raise
            raise ModelFailedError from error

    def _check(self, answers: object, rows: int) -> list[AnswerT]:
        kind = self.served.answer
        if not isinstance(answers, Sequence) or isinstance(answers, str):
            raise BadAnswerError(f"{type(answers).__name__} instead of a list of {kind.__name__}")
        answers = list(answers)  # once: another look may find others
        if len(answers) != rows:
            raise BadAnswerError(f"{len(answers)} answers for {rows} row(s)")
        for answer in answers:
            if not isinstance(answer, kind):
                given = type(answer).__name__
                raise BadAnswerError(f"{given} instead of {kind.__name__}")
        return answers

"""What a row in the queue comes to: an answer and the card of who gave it, or an error."""

import asyncio
from collections.abc import Mapping
from typing import TypeAlias

from app.serving.card import ModelCard
from app.serving.protocol import AnswerT

Answered: TypeAlias = tuple[AnswerT, ModelCard]
Outcome: TypeAlias = Answered[AnswerT] | BaseException
Pending: TypeAlias = asyncio.Future[Outcome[AnswerT]]


def settle(outcomes: Mapping[Pending[AnswerT], Outcome[AnswerT]]) -> None:
    """Set each future's outcome, as a value: a future does not accept every exception."""
    for answer, outcome in outcomes.items():
        if not answer.done():
            answer.set_result(outcome)

"""A question that is one row, or a list of rows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator

from app.errors import AppError, UnavailableError
from app.serving.batching import ClientLeft
from app.serving.protocol import FeaturesT

ResultT = TypeVar("ResultT")
Ask = Callable[[FeaturesT, ClientLeft], Awaitable[ResultT]]


def row_or_rows(features: type[FeaturesT], most: int) -> Any:  # noqa: ANN401
    """Return the type of a body that is one row, or a list of one row to `most`.

    A plain union would try both, and name both in the place of each error.
    """
    many: Any = Annotated[list[features], Field(min_length=1, max_length=most)]  # type: ignore[valid-type]
    row, rows = TypeAdapter(features), TypeAdapter[Any](many)

    def choose(value: object, _: ValidatorFunctionWrapHandler) -> object:
        return (rows if isinstance(value, list) else row).validate_python(value)

    return Annotated[features | many, WrapValidator(choose)]


async def for_each(
    ask: Ask[FeaturesT, ResultT], question: FeaturesT | list[FeaturesT], client_left: ClientLeft
) -> ResultT | list[ResultT]:
    """Ask for the row; or for all rows of a list at once, whose first error says its row."""
    if not isinstance(question, list):
        return await ask(question, client_left)
    left = asyncio.Event()

    async def watch() -> None:
        await client_left()
        left.set()

    watching = asyncio.create_task(watch())  # one for all of them
    try:
        outcomes = await asyncio.gather(*(outcome_of(ask(row, left.wait)) for row in question))
    finally:
        watching.cancel()
    return [result_of(outcome, number) for number, outcome in enumerate(outcomes)]


async def outcome_of(asked: Awaitable[ResultT]) -> ResultT | BaseException:
    """Return the result, or what was raised: in a task, `sys.exit()` would end the server."""
    try:
        return await asked
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return error


def result_of(outcome: ResultT | BaseException, row: int) -> ResultT:
    """Return the result, or raise the error, which says which row it is of."""
    if isinstance(outcome, AppError) and not isinstance(outcome, UnavailableError):
        outcome.place = f"Row {row}"
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome

"""What an attempt leaves behind: a result or a problem, as it can be stored and answered."""

import json
from contextlib import suppress

from pydantic_core import from_json

from app.errors import AppError
from app.tasks.engine.context import LARGEST_VALUE, ResultTooLargeError
from app.tasks.schemas import TaskProblem

LONGEST_TEXT = 2_000  # characters of a problem


class BadResultError(AppError):
    """The task returned something that is no JSON."""

    status = 422
    title = "Bad Result"


def as_json(value: object) -> str:
    """Return what a kind returned as JSON that can be answered, or raise BadResultError."""
    try:
        text = json.dumps(value, allow_nan=False)
        from_json(text)  # as it is read later: refuses half a surrogate pair, and depths
    except (TypeError, ValueError, RecursionError) as error:
        raise BadResultError(f"The task returned something that is no JSON: {error}.") from None
    if len(text) > LARGEST_VALUE:
        raise ResultTooLargeError
    return text


def is_refusal(error: AppError) -> bool:
    """Return whether the task's own input is at fault, so that another attempt would not help."""
    with suppress(BaseException):  # of a class of the user's, whose status is anything
        return bool(error.status < 500)
    return False


def describe_error(error: BaseException) -> TaskProblem:
    """Describe the error for the client: by its message if it is ours, else by its name alone."""
    name = type(error).__name__
    title, detail = "Unexpected Error", f"The task raised {name}; the log has more under its id."
    if isinstance(error, AppError):
        # a message that cannot be made must not keep the task from ending
        with suppress(BaseException):
            title, detail = storable(error.title), storable(error.detail)
    return TaskProblem(type=f"urn:problem:{name.removesuffix('Error')}", title=title, detail=detail)


def storable(text: str) -> str:
    """Return the text as it can be stored: not too long, and half a surrogate pair spelled out."""
    return text[:LONGEST_TEXT].encode("utf-8", "backslashreplace").decode()

"""Answers whose values may break a rule: a bad one fails when it is used, and spoils no other."""

from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


def lenient_each(kind: type[ModelT], rows: list[dict[str, Any]]) -> list[ModelT]:
    """Make answers from their values, all at once; a bad one must not spoil the others."""
    try:
        return cast("list[ModelT]", list_of(kind).validate_python(rows))
    except ValidationError:
        return [lenient(kind, **values) for values in rows]


@cache
def list_of(kind: type[BaseModel]) -> Any:  # noqa: ANN401
    """Return the validator of a list of answers: calling it directly saves time."""
    return TypeAdapter(list[kind]).validator  # type: ignore[valid-type]


def lenient(kind: type[ModelT], **values: Any) -> ModelT:  # noqa: ANN401
    """Make an answer; if its values break a rule, it fails when it is used."""
    try:
        return kind(**values)
    except ValidationError:
        made: Any = kind.model_construct(**values)
        return cast("ModelT", made)

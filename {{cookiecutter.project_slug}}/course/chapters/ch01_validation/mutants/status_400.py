"""Answers a refused value with a status of its own. Rejected by: bounds."""

from fastapi import HTTPException
from pydantic import AfterValidator


def in_bounds(value: float) -> float:
    """Return the value, or raise a 400 if it is not a possible length."""
    if not 0 < value <= 30:
        raise HTTPException(400, "That is no length.")
    return value


Centimetres = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
    AfterValidator(in_bounds),
]

"""Clips a wrong value to the nearest right one. Rejected by: bounds."""

from pydantic import BeforeValidator


def clipped(value: object) -> object:
    """Clip a number to the bounds."""
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    return min(max(value, 0.1), 30) if is_number else value


Centimetres = Annotated[
    float,
    Field(gt=0, le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
    BeforeValidator(clipped),
]

"""Keeps its bounds to itself: the OpenAPI document does not have them. Rejected by: documented."""

from pydantic import AfterValidator


def in_bounds(value: float) -> float:
    """Return the value, or raise ValueError if it is not a possible length."""
    if not 0 < value <= 30:
        raise ValueError("that is no length")
    return value


Centimetres = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
    AfterValidator(in_bounds),
]

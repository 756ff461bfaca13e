"""Compares by hand, and NaN is neither too small nor too large. Rejected by: not-a-number."""

from pydantic import AfterValidator


def in_bounds(value: float) -> float:
    """Return the value, or raise ValueError if it is not a possible length."""
    if value <= 0 or value > 30:
        raise ValueError("that is no length")
    return value


Centimetres = Annotated[
    float,
    Field(
        strict=True,
        allow_inf_nan=True,
        json_schema_extra={"unit": "cm", "exclusiveMinimum": 0, "maximum": 30},
    ),
    AfterValidator(in_bounds),
]

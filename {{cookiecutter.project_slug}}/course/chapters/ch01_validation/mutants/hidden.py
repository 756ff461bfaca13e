"""Keeps its bounds to itself: the document of the API does not have them. Rejected by: documented."""

from pydantic import AfterValidator


def in_bounds(value: float) -> float:
    """Refuse what is no length."""
    if not 0 < value <= 30:
        raise ValueError("that is no length")
    return value


Centimetres = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
    AfterValidator(in_bounds),
]

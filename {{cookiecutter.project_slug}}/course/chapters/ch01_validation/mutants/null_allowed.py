"""Has no value stand for a small one. Rejected by: types."""

from pydantic import BeforeValidator


def or_small(value: object) -> object:
    """Make a number of null."""
    return 0.1 if value is None else value


Centimetres = Annotated[
    float,
    Field(gt=0, le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
    BeforeValidator(or_small),
]

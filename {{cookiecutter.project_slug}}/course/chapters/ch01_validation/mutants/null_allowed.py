"""Takes null for a small value. Rejected by: types."""

from pydantic import BeforeValidator


def or_small(value: object) -> object:
    """Turn null into a small number."""
    return 0.1 if value is None else value


Centimetres = Annotated[
    float,
    Field(gt=0, le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
    BeforeValidator(or_small),
]

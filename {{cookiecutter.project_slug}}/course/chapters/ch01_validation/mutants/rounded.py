"""Changes the value that was sent. Rejected by: kept."""

from pydantic import AfterValidator


def rounded(value: float) -> float:
    """Round to whole centimetres, and to at least 1."""
    return float(max(round(value), 1))


Centimetres = Annotated[
    float,
    Field(gt=0, le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
    AfterValidator(rounded),
]

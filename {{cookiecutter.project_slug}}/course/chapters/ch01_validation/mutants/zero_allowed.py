"""Accepts 0 as a length. Rejected by: bounds."""

Centimetres = Annotated[
    float,
    Field(ge=0, le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]

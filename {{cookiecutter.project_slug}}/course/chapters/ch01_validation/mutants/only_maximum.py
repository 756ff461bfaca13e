"""Forgets the lower bound. Rejected by: bounds."""

Centimetres = Annotated[
    float,
    Field(le=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]

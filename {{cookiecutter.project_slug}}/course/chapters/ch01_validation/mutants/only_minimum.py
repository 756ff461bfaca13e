"""Forgets the upper bound. Rejected by: bounds."""

Centimetres = Annotated[
    float,
    Field(gt=0, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]

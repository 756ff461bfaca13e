"""Has its bound in another unit. Rejected by: bounds."""

Centimetres = Annotated[
    float,
    Field(gt=0, le=300, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]

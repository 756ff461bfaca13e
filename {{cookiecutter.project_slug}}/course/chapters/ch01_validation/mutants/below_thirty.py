"""Refuses the largest value that is allowed. Rejected by: accepts."""

Centimetres = Annotated[
    float,
    Field(gt=0, lt=30, strict=True, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]

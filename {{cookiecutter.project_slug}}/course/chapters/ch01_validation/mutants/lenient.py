"""Makes a number out of anything that looks like one. Rejected by: types."""

Centimetres = Annotated[
    float,
    Field(gt=0, le=30, allow_inf_nan=False, json_schema_extra={"unit": "cm"}),
]

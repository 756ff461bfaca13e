"""Accepts whole numbers only. Rejected by: accepts."""

Centimetres = Annotated[
    int,
    Field(gt=0, le=30, strict=True, json_schema_extra={"unit": "cm"}),
]

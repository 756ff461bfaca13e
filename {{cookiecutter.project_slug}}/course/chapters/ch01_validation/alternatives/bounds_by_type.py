"""With the types that pydantic has ready."""

from pydantic import FiniteFloat, Strict

Centimetres = Annotated[
    FiniteFloat,
    Strict(),
    Field(gt=0, le=30, json_schema_extra={"unit": "cm"}),
]

"""Uses the types that pydantic provides."""

from pydantic import FiniteFloat, Strict

Centimetres = Annotated[
    FiniteFloat,
    Strict(),
    Field(gt=0, le=30, json_schema_extra={"unit": "cm"}),
]

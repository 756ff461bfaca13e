"""Writes each constraint separately."""

from annotated_types import Gt, Le
from pydantic import AllowInfNan, StrictFloat

Centimetres = Annotated[
    StrictFloat,
    AllowInfNan(False),
    Gt(0),
    Le(30),
    Field(json_schema_extra={"unit": "cm"}),
]

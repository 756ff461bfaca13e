"""Takes any value and hopes. Rejected by: accepts."""

from typing import Any

Centimetres = Annotated[Any, Field(json_schema_extra={"unit": "cm"})]

"""Takes any value and hopes. Rejected by: types."""

from typing import Any

Centimetres = Annotated[Any, Field(json_schema_extra={"unit": "cm"})]

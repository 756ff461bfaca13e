"""What streams of server-sent events have in common: ids, and how they are documented."""

from typing import Annotated, Any
from zlib import crc32

from fastapi import Header

LastEventId = Annotated[
    str | None, Header(description="The `id` of the last event that you have: it is not sent again")
]


def id_of(text: str) -> str:
    """Return an id for an event: the same in every process, another at any change of its text."""
    return f"{crc32(text.encode()):08x}"


def stream_of(schema: str) -> dict[str, Any]:
    """Describe a stream whose events have this schema of the OpenAPI document as their data.

    Most generators do not know `itemSchema` yet, and take `schema` for that of an event's data, or
    for that of the whole text.
    """
    data = {"$ref": f"#/components/schemas/{schema}"}
    told = {"data": {"contentMediaType": "application/json", "contentSchema": data}}
    either = {"anyOf": [data, {"type": "string"}]}
    stream = {"schema": either, "itemSchema": {"properties": told}}
    return {"content": {"text/event-stream": stream}}

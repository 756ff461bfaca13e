"""Sends a made-up name back whole, however long it is. Rejected by: no-echo."""


def invalid_field(loc: tuple[str | int, ...], rule: str, message: str) -> InvalidField:
    """Turn pydantic's error into ours."""
    pointer = "".join(f"/{part}" for part in loc[1:])
    return InvalidField(location=str(loc[0]), pointer=pointer, rule=rule, message=message)

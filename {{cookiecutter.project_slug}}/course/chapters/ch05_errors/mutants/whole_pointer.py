"""Leaves the location in the pointer as well. Rejected by: refused."""


def invalid_field(loc: tuple[str | int, ...], rule: str, message: str) -> InvalidField:
    """Turn pydantic's error into ours."""
    pointer = "".join(f"/{str(part)[:64]}" for part in loc)
    return InvalidField(location=str(loc[0]), pointer=pointer, rule=rule, message=message)

"""Puts dots between the parts of the pointer. Rejected by: refused."""


def invalid_field(loc: tuple[str | int, ...], rule: str, message: str) -> InvalidField:
    """Turn pydantic's error into ours."""
    pointer = ".".join(str(part)[:64] for part in loc[1:])
    return InvalidField(location=str(loc[0]), pointer=pointer, rule=rule, message=message)

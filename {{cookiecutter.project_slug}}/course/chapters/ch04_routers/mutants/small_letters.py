"""Changes the name on the way. Rejected by: names."""


@router.get("/{name}", responses=problems(422))
async def read_user(name: str) -> User:
    """Return the user of this name."""
    return User(username=name.lower())

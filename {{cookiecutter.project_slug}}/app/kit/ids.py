"""Ids for what is stored."""

from random import getrandbits
from uuid import UUID


def new_id() -> UUID:
    """Return a random id; not by `uuid4`, which asks the system: ids are listed, so no secret."""
    return UUID(int=getrandbits(128), version=4)

"""Ids for what is stored."""

from random import getrandbits
from uuid import UUID


def new_id() -> UUID:
    """Return a new random id."""
    # not `uuid4`, which asks the system each time: an id is no secret, since all are listed
    return UUID(int=getrandbits(128), version=4)

"""Ids of what is stored."""

from random import getrandbits
from uuid import UUID


def new_id() -> UUID:
    """Return a new random id.

    Not `uuid4`, which asks the system each time; an id is no secret, for they are all listed.
    """
    return UUID(int=getrandbits(128), version=4)

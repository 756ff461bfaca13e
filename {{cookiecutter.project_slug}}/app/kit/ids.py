"""Ids for what is stored."""

from random import getrandbits
from uuid import UUID


def new_id() -> UUID:
    """Return a random id. Not `uuid4`, which asks the system each time: no id is a secret."""
    return UUID(int=getrandbits(128), version=4)

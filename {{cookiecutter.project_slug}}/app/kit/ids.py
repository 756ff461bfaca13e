"""Random ids, which no seed of anybody else's repeats: `random.seed(0)` is usual beside models."""

import os
from random import Random
from uuid import UUID

random = Random()  # noqa: S311 - no id is a secret, and asking the system each time takes longer
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=random.seed)


def random_bits() -> int:
    """Return 128 random bits."""
    return random.getrandbits(128)


def new_id() -> UUID:
    """Return a random id for what is stored."""
    return UUID(int=random_bits(), version=4)

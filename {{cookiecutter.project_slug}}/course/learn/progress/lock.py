"""A lock between processes: a file that only one of them holds."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Keep every other process with the same file out while this lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        with suppress(OSError):  # some network folders have no locks: go on without one
            acquire(file)
        yield  # closing the file releases the lock


if sys.platform == "win32":
    import msvcrt

    def acquire(file: IO[bytes]) -> None:
        """Wait for the lock, for at most ten seconds."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def acquire(file: IO[bytes]) -> None:
        """Wait for the lock."""
        fcntl.flock(file, fcntl.LOCK_EX)

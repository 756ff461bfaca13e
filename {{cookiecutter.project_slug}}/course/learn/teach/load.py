"""Load on the machine: its cores, and processes that keep them busy."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Works until it is ended, or the process that started it is gone.
BUSY = "import os\np = os.getppid()\nwhile os.getppid() == p: sum(range(1_000_000))"


def count_cores() -> int:
    """Return how many gradings at once keep this machine busy."""
    return os.cpu_count() or 1


@contextmanager
def cpu_load(processes: int) -> Iterator[None]:
    """Load the machine with this many busy processes, while this lasts."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(processes):
            started.append(subprocess.Popen([sys.executable, "-c", BUSY]))  # noqa: S603, PERF401
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()

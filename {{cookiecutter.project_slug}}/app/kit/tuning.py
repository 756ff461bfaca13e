"""What is set for the whole process: how often garbage is collected, how many files are opened."""

import gc
from contextlib import suppress
from functools import cache

MOST_CONNECTIONS = 2_048  # in each process; each has at most a head, a piece of body and of answer
FILES_A_CONNECTION = 2  # its socket, and one that its request opens
OWN_FILES = 64  # the database, the log and whatever libraries open


def collect_garbage_less_often() -> None:
    """Look for cycles after 10,000 new objects, not after 2,000 (Python 3.11: 700).

    A request makes many objects and few cycles: at Python 3.11's own pace, a prediction for 32
    users takes a quarter more CPU time. The template's `python -m benchmarks.http_cost` shows it.
    """
    gc.set_threshold(10_000, 20, 20)


@cache
def most_connections() -> int:
    """Let the process open more files, where the system permits; return how many may connect."""
    files = MOST_CONNECTIONS * FILES_A_CONNECTION + OWN_FILES
    with suppress(ImportError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY:
            files = min(files, hard)
        if soft != resource.RLIM_INFINITY and soft < files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - OWN_FILES, files // 2) // FILES_A_CONNECTION

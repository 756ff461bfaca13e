"""Where log lines go: to standard error, for as long as somebody takes them.

A line that cannot be written is dropped. A full disk, a reader that has gone, or one that stands
still (Ctrl-S in a terminal is enough) must not stop the service that writes the line.
"""

import os
import select
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from io import RawIOBase
from typing import Any, TextIO

PIECE = 4096  # bytes; a pipe that is ready takes as many without waiting
PATIENCE_MS = 1000
CALM_SECONDS = 60.0  # without a refusal, after which a reader is waited for again


class LogStream:
    """A stream for loggers of all threads. Writing to it never raises, and waits only once.

    A slow reader gets no second wait either: each would hold up whoever writes the next line.
    """

    def __init__(self, stream: TextIO | None) -> None:
        # what has been put in its place, by Celery for example, need not be a file
        self._stream = stream if hasattr(stream, "buffer") else sys.__stderr__
        buffer: Any = self._stream and self._stream.buffer  # None: the process has none
        # unbuffered: a line that could not be written must not be tried again before the next one
        self._raw: RawIOBase | None = getattr(buffer, "raw", buffer)
        self._poll = make_poll(self._raw) if self._raw else None
        self._wait_from = 0.0  # by the monotonic clock
        self._torn = False  # the last line that was written lacks its end

    def write(self, text: str) -> None:
        """Write lines, or drop them."""
        lines = b"\n" * self._torn + text.encode(errors="backslashreplace")
        written = 0
        with suppress(OSError, ValueError):  # full, gone, closed
            while self._raw and written < len(lines) and self._is_ready():
                written += self._raw.write(lines[written : written + PIECE]) or 0
        self._torn = written < len(lines) and (self._torn or written > 0)

    def flush(self) -> None:
        """Do nothing: `write` keeps nothing back."""

    def _is_ready(self) -> bool:
        """Wait for a reader that stands still, unless one was waited for or refused lately."""
        if not self._poll or self._poll(0):
            return True
        may_wait = time.monotonic() >= self._wait_from
        is_ready = may_wait and bool(self._poll(PATIENCE_MS))
        self._wait_from = time.monotonic() + CALM_SECONDS
        return is_ready


def make_poll(raw: RawIOBase) -> Callable[[int], object] | None:
    """Return a function that waits until a pipe or a terminal is ready; a file always is."""
    try:
        is_file = stat.S_ISREG(os.fstat(raw.fileno()).st_mode)
    except OSError:
        return None  # in memory
    if is_file or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLOUT)
    return poll.poll

"""What happens when this process is asked to stop, besides the server's own shutdown."""

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def on_stop_signal(callback: Callable[[], None]) -> Iterator[None]:
    """Call back in the event loop on SIGTERM or Ctrl-C, before the server waits for its clients.

    Without this, an open event stream would delay the shutdown, and new tasks would still start.
    SIGHUP, which would end the process at once, counts as SIGTERM; so does the end of a parent.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals can be caught only there; a test client's app runs elsewhere
        return
    loop = asyncio.get_running_loop()
    servers: dict[int, Any] = {s: signal.getsignal(s) for s in stop_signals()}

    def handle(number: int, frame: FrameType | None) -> None:
        if number not in (signal.SIGTERM, signal.SIGINT):
            number = signal.SIGTERM
        loop.call_soon_threadsafe(callback)
        if callable(servers[number]):
            servers[number](number, frame)

    for number in servers:
        signal.signal(number, handle)
    threading.Thread(target=stop_with_parent, daemon=True).start()
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)


def stop_signals() -> Iterator[int]:
    """Yield the signals that ask a process to stop; SIGHUP unless it is ignored, as by nohup."""
    yield from (signal.SIGTERM, signal.SIGINT)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up and signal.getsignal(hang_up) is signal.SIG_DFL:
        yield hang_up


def stop_with_parent() -> None:
    """Wait until the process that started this worker ends, then stop: nobody else would do it."""
    if parent := multiprocessing.parent_process():
        parent.join()
        signal.raise_signal(signal.SIGTERM)

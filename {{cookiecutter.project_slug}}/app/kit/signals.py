"""What happens on SIGTERM and Ctrl-C, besides the server's own shutdown."""

import asyncio
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
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals can be caught only there; a test client's app runs elsewhere
        return
    loop = asyncio.get_running_loop()
    servers: dict[int, Any] = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        if callable(servers[number]):
            servers[number](number, frame)

    for number in servers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)

"""What happens when this process is asked to stop, besides the server's own shutdown."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog

# after SHUTDOWN_SECONDS: the supervisor kills a worker before it ends itself, and so knows of it
END_SECONDS = 5.0

logger = structlog.get_logger()


@contextmanager
def on_stop_signal(callback: Callable[[], None], shutdown_seconds: float) -> Iterator[None]:
    """Call back in the event loop on SIGTERM or Ctrl-C, before the server waits for its clients.

    Without this, an open event stream would delay the shutdown, and new tasks would still start.
    SIGHUP, which would end the process at once, counts as SIGTERM; so does the end of a parent.
    From then on the process has END_SECONDS more than `shutdown_seconds` to end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals can be caught only there; a test client's app runs elsewhere
        return
    loop = asyncio.get_running_loop()
    servers: dict[int, Any] = {s: signal.getsignal(s) for s in stop_signals()}

    def handle(number: int, frame: FrameType | None) -> None:
        if number not in (signal.SIGTERM, signal.SIGINT):
            number = signal.SIGTERM
        end_process_within(shutdown_seconds + END_SECONDS)
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


def end_process_within(seconds: float) -> None:
    """End this process after this time, whatever does not return; it is no success then.

    Python itself waits for every thread that is no daemon, and that of a `def` route is none.
    """

    def end() -> None:
        names = [thread.name for thread in threading.enumerate() if not thread.daemon]
        logger.error("process_ended", cause="It did not stop in time.", threads=names)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


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

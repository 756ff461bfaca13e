"""However a benchmark ends, it leaves no process behind: not even when it is killed.

It runs in a process of its own, which another one watches. Whatever a benchmark started becomes a
child of one of these two when its own parent ends, so that each can end all of it. Linux only.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import psutil

WATCHER = "BENCHMARK_WATCHER"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def guarded(main: Callable[[], None]) -> None:
    """Run `main`, and end all that it has left behind."""
    if sys.platform != "linux":
        main()
    elif os.environ.pop(WATCHER, "") == str(os.getppid()):
        run(main)
    else:
        sys.exit(watch())


def run(main: Callable[[], None]) -> None:
    """Run `main`; leave it as Ctrl-C does when the watcher is killed, or on a signal."""
    for number in ENDINGS:
        signal.signal(number, leave)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    watcher = os.getppid()
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != watcher:  # it was killed just before
        leave(signal.SIGTERM, None)
    try:
        main()
    finally:
        end_children()


def leave(number: int, _: FrameType | None) -> None:
    """Leave `main` by its ends of `with` and `try`, once: a killed watcher causes two signals."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    sys.exit(f"Ended by {signal.Signals(number).name}")


def watch() -> int:
    """Run this command again as a child and pass signals on to it; its exit status."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    # in a group of its own, or Ctrl-C in a terminal would reach it twice
    child = subprocess.Popen(
        sys.orig_argv, env={**os.environ, WATCHER: str(os.getpid())}, process_group=0
    )
    for number in (*ENDINGS, signal.SIGINT):
        signal.signal(number, lambda received, _: child.send_signal(received))
    status = child.wait()
    end_children()
    return status if status >= 0 else 128 - status


def end_children() -> None:
    """Kill every process below this one, also those that their parents have left behind."""
    while left := psutil.Process().children(recursive=True):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left)


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")

"""The watchdog: a thread that looks at an event loop's thread several times within the limit.

It goes by three signs. The loop shows no life: its timer for that is overdue. It is held by one
step of one task, not by many short ones. And that step waits in one place, or calculates; a thread
that does neither was merely not given the processor. Python's garbage collection does not count: it
stands still for whichever line was running, which is not to blame.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread, get_ident
from types import CodeType
from typing import Self

from app.kit.watchdog.stack import PROJECT, Place, current_frames, describe, frames_of, is_idle

LOOKS = 4  # within the limit


@dataclass(frozen=True)
class Look:
    """What one look at the loop's thread has shown."""

    at: float
    beat_at: float  # when the loop last showed life
    cpu: float  # seconds that the thread has calculated
    task: object
    place: tuple[CodeType, int] | None  # code, and the instruction in it; None: it has no work
    collected: float = 0  # seconds that the garbage collection of this process has taken


@dataclass(frozen=True)
class Block:
    """One step that held the loop for longer than the limit; it may go on."""

    place: Place
    seconds: float
    over: bool


def blocked_seconds(before: Look, now: Look, limit: float) -> float | None:
    """Return for how many seconds between two looks one step held the loop; None if none did."""
    silent = now.at - max(before.at, now.beat_at) - (now.collected - before.collected)
    calculated = now.cpu - before.cpu > (now.at - before.at) / 2
    if now.place is None:
        return None
    if silent > limit and calculated:
        return silent  # the watchdog itself could not run either: a call keeps the GIL
    if now.beat_at > before.at or now.task is not before.task:
        return None
    # a look that is itself late proves no waiting: no thread was given the processor
    waited = now.place == before.place and silent < 2 * limit / LOOKS
    return silent if calculated or waited else 0


class Watchdog:
    """A context manager that watches the loop of the thread that enters it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limit: float,
        report: Callable[[Block], None],
        project: Path = PROJECT,
    ) -> None:
        self._loop, self._limit, self._report, self._project = loop, limit, report, project
        self._pause = limit / LOOKS
        self._thread = Thread(target=self._watch, name="loop-watchdog", daemon=True)
        self._stop = Event()
        self._since: float | None = None
        self._held = 0.0  # seconds; less than the time since then if the machine was busy
        self._place: Place | None = None
        self._reported = False
        self._collected = 0.0
        self._collects_since: float | None = None

    def __enter__(self) -> Self:
        """Start to watch this thread."""
        self._watched = get_ident()
        self._beat_at = time.monotonic()
        self._beat = self._loop.call_soon(self._show_life)
        gc.callbacks.append(self._time_collection)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; report a block that goes on as if it were over."""
        self._stop.set()
        self._thread.join()
        gc.callbacks.remove(self._time_collection)
        self._beat.cancel()

    def _show_life(self) -> None:
        self._beat_at = time.monotonic()
        self._beat = self._loop.call_later(self._pause, self._show_life)

    def _time_collection(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._collects_since = time.monotonic()
        elif self._collects_since is not None:  # None: it was under way as this began to watch
            self._collected += time.monotonic() - self._collects_since
            self._collects_since = None

    def _watch(self) -> None:
        before = self._look()
        while not self._stop.wait(self._pause):
            now = self._look()
            seconds = blocked_seconds(before, now, self._limit)
            if seconds is None:
                self._release(now)
            else:
                self._hold(before, now, seconds)
            before = now
        self._release(self._look())

    def _look(self) -> Look:
        frame = current_frames()[self._watched]
        now = time.monotonic()
        cpu = now  # where the system cannot tell, as if it calculated all the time
        if sys.platform == "linux":
            cpu = time.clock_gettime(time.pthread_getcpuclockid(self._watched))
        task = asyncio.current_task(self._loop)
        place = None if is_idle(frame) else (frame.f_code, frame.f_lasti)
        since = self._collects_since  # its finalisers are Python, and let others run
        collected = self._collected + (0 if since is None else now - since)
        return Look(now, self._beat_at, cpu, task, place, collected)

    def _hold(self, before: Look, now: Look, seconds: float) -> None:
        if self._since is None:
            self._since = before.at
        self._held += seconds
        if self._held >= self._limit and self._place is None:
            self._place = describe(frames_of(self._watched), self._project)
        if self._held >= 10 * self._limit and self._place and not self._reported:
            self._reported = True
            self._report(Block(self._place, now.at - self._since, over=False))

    def _release(self, now: Look) -> None:
        if self._since is not None and self._place:
            end = now.beat_at if now.beat_at > self._since else now.at
            self._report(Block(self._place, end - self._since, over=True))
        self._since, self._held, self._place, self._reported = None, 0.0, None, False

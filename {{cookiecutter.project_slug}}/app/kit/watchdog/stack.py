"""What a thread is doing at this moment: its frames, in the terms of the project's author."""

import gc
import linecache
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

PROJECT = Path(__file__).parents[3]
DEBUGGERS = ("bdb", "pydevd")
LOOPS = ("asyncio.runners", "asyncio.base_events", "uvloop")
RUNNERS = ("_run_once", "run", "run_forever", "run_until_complete")
WAITERS = ("selectors", "asyncio.windows_events")


@dataclass(frozen=True)
class Place:
    """The line that holds a thread, and the handler it works for."""

    handler: str  # the route's function, or the outermost function of the project
    file: str
    line: int
    inside: str  # the innermost function, which is often a library's

    @property
    def code(self) -> str:
        """The line's source text."""
        return linecache.getline(self.file, self.line).strip()


def current_frames() -> dict[int, FrameType]:
    """Return the innermost frame of each thread, without a collection meanwhile.

    Until Python 3.11.7 and 3.12.0, one could wait for ever for a lock: python/cpython#106883.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if collects:
            gc.enable()


def frames_of(thread: int) -> list[FrameType]:
    """Return the frames that the loop of this thread runs, the innermost first."""
    frames, frame = [], current_frames().get(thread)
    while frame and not is_loop(frame):
        frames.append(frame)
        frame = frame.f_back
    return frames


def is_loop(frame: FrameType) -> bool:
    """Return whether the frame is the loop's; a loop cannot run within another one's callback."""
    return module(frame).startswith(LOOPS) and frame.f_code.co_name in RUNNERS


def is_idle(frame: FrameType) -> bool:
    """Return whether this innermost frame belongs to a loop that waits for something to do."""
    return is_loop(frame) or module(frame).startswith(WAITERS)


def describe(frames: list[FrameType], project: Path = PROJECT) -> Place | None:
    """Return the innermost line of the project's own code; None when idle or in a debugger."""
    if not frames or any(module(frame).startswith(DEBUGGERS) for frame in frames):
        return None
    own = [frame for frame in frames if is_own(frame, project)] or frames[:1]
    handler = next(endpoints(frames), name(own[-1]))
    return Place(handler, own[0].f_code.co_filename, own[0].f_lineno, name(frames[0]))


def is_own(frame: FrameType, project: Path) -> bool:
    """Return whether the code is the project's own; its folder holds its environment as well."""
    if module(frame) == "app.kit.middleware":
        return False  # it is around every request, whatever that does
    path = Path(frame.f_code.co_filename)
    return path.is_relative_to(project) and "site-packages" not in path.parts


def endpoints(frames: list[FrameType]) -> Iterator[str]:
    """Yield the route's function of each request on the stack: routing puts it in the scope."""
    for frame in frames:
        scope = frame.f_locals.get("scope")
        if isinstance(scope, dict) and (endpoint := scope.get("endpoint")):
            named = getattr(endpoint, "__qualname__", type(endpoint).__qualname__)  # or mounted
            yield f"{endpoint.__module__}.{named}"


def module(frame: FrameType) -> str:
    """Return the name of the frame's module."""
    return str(frame.f_globals.get("__name__"))


def name(frame: FrameType) -> str:
    """Return module and function, as in `app.health.live`."""
    return f"{module(frame)}.{frame.f_code.co_qualname}"

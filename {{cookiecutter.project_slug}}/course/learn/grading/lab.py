"""The lab of a grader: the learner's app as a real server, and a model that can be held.

A grader is a module of functions marked `@check("its-id")`. Each gets the `Lab`, does something
over HTTP, and raises `CheckFailed` if the answer is not the expected one.
"""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from learn.grading.exchange import CheckFailed, Exchange, Json
from learn.grading.gate import Gate
from learn.grading.process import START_SECONDS, end, start
from learn.grading.server import APP, Server, serve

STILL_RUNNING = -1  # the status of a program that did not end

CheckFunction = Callable[["Lab"], None]
CheckFunctionT = TypeVar("CheckFunctionT", bound=CheckFunction)
T = TypeVar("T")

# A flower's lengths, from the shortest to the longest that the model has seen. They are spelled out
# here, because what a grader sends must not depend on the code that it grades.
LENGTHS = {
    "sepal_length_cm": (4.3, 7.9),
    "sepal_width_cm": (2.0, 4.4),
    "petal_length_cm": (1.0, 6.9),
    "petal_width_cm": (0.2, 2.5),
}

__all__ = ["LENGTHS", "CheckFailed", "Exchange", "Gate", "Lab", "Server", "check"]


def check(id_: str) -> Callable[[CheckFunctionT], CheckFunctionT]:
    """Mark a function of a grader as the check with this id."""

    def mark(function: CheckFunctionT) -> CheckFunctionT:
        function.check_id = id_  # type: ignore[attr-defined]
        return function

    return mark


class Lab:
    """One grading run: a solved copy of the app with the learner's file of this chapter in it."""

    def __init__(self, folder: Path, project: Path, seed: int) -> None:
        self.folder = folder  # the copy, which is deleted after the run
        self.project = project  # the learner's own, which is only ever read
        self.random = random.Random(seed)  # noqa: S311
        self.servers: list[Server] = []  # in the order of their starts
        self._open = ExitStack()
        self._runs = 0

    def __enter__(self) -> "Lab":
        """Start nothing: a check asks for what it needs."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop every server."""
        self._open.close()

    def kill(self) -> None:
        """Kill every server that is running, since nobody waits for it any more."""
        for server in self.servers:
            server.process.kill()

    def new_work(self) -> Path:
        """Return a new folder for the database, log and probe; servers can share one."""
        self._runs += 1
        return self.folder / f"run-{self._runs}"

    @contextmanager
    def serve(
        self, work: Path | None = None, target: str = APP, /, **settings: object
    ) -> Iterator[Server]:
        """Serve an app with these settings, and with its own database or the one in `work`."""
        place = work or self.new_work()
        with serve(self.folder, place, settings, wait=False, target=target) as server:
            self.servers.append(server)
            server.wait_until_started()
            yield server

    @contextmanager
    def program(
        self, *arguments: str, work: Path, **settings: object
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run another program of the app alongside a server, such as Celery's worker."""
        process = start([sys.executable, *arguments], self.folder, work, settings)
        try:
            yield process
        finally:
            end(process)

    def run(self, *arguments: str, work: Path | None = None, **settings: object) -> tuple[int, str]:
        """Run a program of the app to its end; return its exit status and what it printed."""
        place = work or self.new_work()
        process = start([sys.executable, *arguments], self.folder, place, settings)
        try:
            status = process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            end(process)
            status = STILL_RUNNING
        return status, (place / "log").read_text("utf-8", "replace")

    @cached_property
    def app(self) -> Server:
        """The server that the checks share, started by the first one that asks for it."""
        return self.keep()

    def keep(self, target: str = APP, /, **settings: object) -> Server:
        """Start a server with these settings that runs until all the checks are done."""
        return self._open.enter_context(self.serve(None, target, **settings))

    def enter(self, context: AbstractContextManager[T]) -> T:
        """Enter a context that ends when all the checks are done."""
        return self._open.enter_context(context)

    def word(self, length: int = 8) -> str:
        """Return a word of lower-case letters that nobody can know beforehand."""
        return "".join(self.random.choices("abcdefghijkmnopqrstuvwxyz", k=length))

    def flower(self, **changed: Json) -> dict[str, Json]:
        """Return a flower within every bound, except for the values that are given."""
        made = {name: round(self.random.uniform(*limits), 1) for name, limits in LENGTHS.items()}
        return {name: value for name, value in (made | changed).items() if value is not None}

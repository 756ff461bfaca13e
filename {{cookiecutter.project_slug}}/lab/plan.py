"""What is measured, in which order, and what theory says that will come out."""

from collections.abc import Iterator
from dataclasses import dataclass

STEPS = (10, 50, 200, 500)  # users at once, one step after the other
TOKENS = 40  # what anyio, and so FastAPI, has when nobody asks for another number
WAITS_MS = (300, 50)
WORK_MS = 10  # of calculation: forty such share the processor, so a short one ends soon enough
MORE_TOKENS = (100, 200)
THREE = ("await", "def", "blocking")
HANDLERS = (*THREE, "cpu")


@dataclass(frozen=True)
class Run:
    """One handler, one wait, one number of threads, under a growing number of users."""

    handler: str
    wait_ms: int
    tokens: int = TOKENS
    steps: tuple[int, ...] = STEPS

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.handler}, {self.wait_ms} ms, {self.tokens} threads"


def runs() -> Iterator[Run]:
    """The sweep: users by wait for the three handlers; more threads; work in place of a wait."""
    for wait_ms in WAITS_MS:
        yield from (Run(handler, wait_ms) for handler in THREE)
    yield from (Run("def", WAITS_MS[0], tokens) for tokens in MORE_TOKENS)
    yield Run("cpu", WORK_MS, steps=STEPS[:2])


def theory(run: Run, users: int, cap: float) -> float:
    """Requests a second, if waiting were all that limits.

    `cap` is what this app answers in a second when it has hardly anything to wait for.

    - await: each user gets an answer every `t` seconds, so `users / t`;
    - def: the same, but only so many wait at once as there are threads: `tokens / t`;
    - blocking, and work in plain Python: one after the other, `1 / t`.
    """
    at_once = {"await": users, "def": min(users, run.tokens)}.get(run.handler, 1)
    return min(at_once / (run.wait_ms / 1000), cap)

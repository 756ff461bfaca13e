"""What is measured, in which order, and what theory predicts."""

from collections.abc import Iterator
from dataclasses import dataclass

STEPS = (10, 50, 200, 500)  # users at once, one step after another
TOKENS = 40  # the default of anyio, and so of FastAPI
WAITS_MS = (300, 50)
WORK_MS = 10  # of calculation: forty of these share the processor, so a short one ends soon enough
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
        """The run's name, for people."""
        return f"{self.handler}, {self.wait_ms} ms, {self.tokens} threads"


def runs() -> Iterator[Run]:
    """Yield the sweep: users by wait for the three handlers; more threads; work, not a wait."""
    for wait_ms in WAITS_MS:
        yield from (Run(handler, wait_ms) for handler in THREE)
    yield from (Run("def", WAITS_MS[0], tokens) for tokens in MORE_TOKENS)
    yield Run("cpu", WORK_MS, steps=STEPS[:2])


def theory(run: Run, users: int, cap: float) -> float:
    """Return the requests per second that theory allows, if waiting were the only limit.

    `cap` is what this app answers per second when it has hardly anything to wait for.

    - await: each user gets an answer every `t` seconds, so `users / t`;
    - def: the same, but only as many wait at once as there are threads: `tokens / t`;
    - blocking, and work in plain Python: one after another, `1 / t`.
    """
    at_once = {"await": users, "def": min(users, run.tokens)}.get(run.handler, 1)
    return min(at_once / (run.wait_ms / 1000), cap)

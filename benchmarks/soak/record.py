"""What a soak has seen, and what is wrong with it."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from benchmarks.soak.stage import STORAGE_SECONDS, Usage

Json = Any

FINAL = {"succeeded", "failed", "dead", "cancelled"}
MOMENT = 3  # seconds: for a busy machine
LONGEST_ANSWER = STORAGE_SECONDS + MOMENT
GRACE = 6  # seconds after a fault within which all must be well
MORE = Usage(megabytes=10, files=8, threads=8)  # than after the first quiet minute, and 15 %


@dataclass
class Window:
    """A fault, while it lasts."""

    name: str
    unready: bool = False  # no server may say that it is ready
    frozen: bool = False  # who asks may wait until it is over
    began: float = field(default_factory=time.monotonic)
    ended: float = float("inf")

    def touches(self, began: float, ended: float) -> bool:
        """Return whether what happened then may be due to the fault."""
        return began < self.ended + GRACE and ended > self.began


@dataclass(frozen=True)
class Answer:
    """A request that was not answered well, or late."""

    sent: float
    answered: float
    what: str


@dataclass
class Record:
    """All that is needed to judge."""

    tasks: dict[str, set[str]] = field(default_factory=dict)  # accepted: how each may end
    rows: dict[str, list[int]] = field(default_factory=dict)  # of each CSV: which flowers
    predictions: dict[str, Json] = field(default_factory=dict)  # as they were answered
    ends: dict[str, tuple[str, str]] = field(default_factory=dict)  # state and result, once final
    windows: list[Window] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refused: list[Answer] = field(default_factory=list)  # 503, or no answer
    late: list[Answer] = field(default_factory=list)
    probes: dict[int, list[tuple[float, bool]]] = field(default_factory=dict)  # of each port
    usages: dict[str, list[Usage]] = field(default_factory=dict)  # of each program, when quiet
    faults: dict[str, list[str]] = field(default_factory=dict)  # found on the way, by check

    def wrong(self, check: str, what: str) -> None:
        """Note what is wrong in any case."""
        self.faults.setdefault(check, []).append(what)

    def see(self, task: Json) -> None:
        """Note how a task ended; it must not end differently later."""
        if task["state"] in FINAL:
            end = task["state"], str(task["result"])
            if self.ends.setdefault(task["id"], end) != end:
                self.wrong(ONCE, f"{task['id']}: {self.ends[task['id']]}, then {end}")

    def excused(self, answer: Answer, *, frozen: bool = False) -> bool:
        """Return whether a fault explains it."""
        return any(
            window.touches(answer.sent, answer.answered) and (window.frozen or not frozen)
            for window in self.windows
        )


TASKS = "every accepted task ended, in the right state"
ONCE = "no task ended twice"
PREDICTIONS = "every stored prediction is as it was answered"
RESULTS = "every CSV is complete, in order and right"
ANSWERS = "every answer was expected: never a 500"
REFUSED = "a 503 or no answer only around a fault"
LATE = f"no answer took longer than {LONGEST_ANSWER} s"
READY = "/health/ready tells the truth"
STOPPED = "every program stopped in order"
MEMORY = "memory, files and threads return"
GROWTH = "no steady growth"
FILES = "no temporary file is left, and the log of SQLite is short"


def checks(record: Record) -> dict[str, list[str]]:
    """Return what is wrong, by check; all is well if every list is empty."""
    found = {
        TASKS: list(wrong_ends(record)),
        ONCE: [],
        PREDICTIONS: [],
        RESULTS: [],
        ANSWERS: [],
        REFUSED: [a.what for a in record.refused if not record.excused(a)],
        LATE: [
            f"{a.what}: {a.answered - a.sent:.1f} s"
            for a in record.late
            if not record.excused(a, frozen=True)
        ],
        READY: list(untruths(record)),
        STOPPED: [],
        MEMORY: [what for name in record.usages for what in not_returned(name, record)],
        GROWTH: [what for name in record.usages for what in growing(name, record)],
        FILES: [],
    }
    return {check: [*lines, *record.faults.get(check, [])] for check, lines in found.items()}


def wrong_ends(record: Record) -> Iterator[str]:
    """Yield each task that was lost, or ended as it must not."""
    for task_id, allowed in record.tasks.items():
        state, _ = record.ends.get(task_id, ("lost", ""))
        if state not in allowed:
            yield f"{task_id}: {state} instead of {' or '.join(sorted(allowed))}"


def untruths(record: Record) -> Iterator[str]:
    """Yield when a server said that it was ready and was not, or did not say it soon enough."""
    for port, probes in record.probes.items():
        for window, following in zip(
            record.windows,
            [*record.windows[1:], Window("the end", began=float("inf"))],
            strict=True,
        ):
            # whoever asks just before the end may have the answer after it
            first, last = window.began + MOMENT, window.ended - STORAGE_SECONDS
            if window.unready and any(ok and first < sent < last for sent, ok in probes):
                yield f"{port} was ready during: {window.name}"
            again = ready_again(window, probes)
            if again is None or window.ended + again > following.began:
                yield f"{port} was not ready again after: {window.name}"
            elif again > GRACE:
                yield f"{port} was ready only {again:.1f} s after: {window.name}"


def ready_again(window: Window, probes: list[tuple[float, bool]]) -> float | None:
    """Return how many seconds after the fault the server first said that it is ready."""
    after = (sent - window.ended for sent, ok in probes if ok and sent >= window.ended)
    return next(after, None)


def not_returned(name: str, record: Record) -> Iterator[str]:
    """Yield what a program has more of than after the first quiet minute."""
    first, last = record.usages[name][0], record.usages[name][-1]
    for what, allowed in vars(MORE).items():
        before, after = getattr(first, what), getattr(last, what)
        if after > max(1.15 * before, before + allowed):
            yield f"{name}, {what}: {before:.0f}, then {after:.0f}"


def growing(name: str, record: Record) -> Iterator[str]:
    """Yield what grew from each third of the quiet moments to the next, by a twentieth or more."""
    usages = record.usages[name]
    third = len(usages) // 3
    if third < 3:
        return
    for what in vars(MORE):
        values = [getattr(usage, what) for usage in usages]
        medians = [median(values[n * third : (n + 1) * third]) for n in range(3)]
        if all(later > 1.05 * before for before, later in pairwise(medians)):
            yield f"{name}, {what}: {', then '.join(f'{m:.0f}' for m in medians)}"

"""From answers to figures: rates, percentiles, and how long another client had to wait."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.plan import TOKENS, Run

SETTLED = 1 / 3  # of a step passes before its rate is taken: by then the users have joined
WINDOW_SECONDS = 1.0  # a moment's rate and percentiles are those of the second before it


@dataclass
class Recording:
    """Everything that one run's load has reported."""

    start: float = 0.0  # by the wall clock
    ticks: list[tuple[float, int]] = field(default_factory=list)  # when, how many users
    answers: list[tuple[float, float]] = field(default_factory=list)  # when, after which ms
    others: list[tuple[float, float, int]] = field(default_factory=list)  # and threads in use
    open_ms: float = 0.0  # how long the other client had waited when the run was over
    failures: int = 0
    failure: str = ""

    def add(self, line: str) -> float:
        """Add a line from `lab.load`, and return its time in seconds."""
        said = json.loads(line)
        self.start = said["start"]
        self.ticks.append((said["at"], said["users"]))
        self.answers += map(tuple, said["answers"])
        self.failures += said["failures"]
        self.failure = self.failure or said["failure"]
        return float(said["at"])


@dataclass(frozen=True)
class Step:
    """The result for one number of users."""

    users: int
    rate: float  # answers per second


@dataclass(frozen=True)
class Moment:
    """The figures at one moment of a run."""

    at: float  # seconds since its start
    users: int
    rate: float
    p50_ms: float | None  # None while nothing is answered
    p99_ms: float | None
    threads: int | None  # as reported by the app; None while it reports none


@dataclass(frozen=True)
class Curve:
    """One run of the sweep."""

    handler: str
    wait_ms: int
    tokens: int
    steps: list[Step]
    moments: list[Moment]
    others_ms: float  # the longest that another route's answer took
    others_answered: bool  # False: it had still not come when the run was over
    failures: int


@dataclass(frozen=True)
class Figures:
    """Everything that was measured."""

    taken: str
    machine: str
    seconds: float  # the length of a step
    ceiling: float  # the client's own: requests per second to an app that answers at once
    cap: float  # this app's: the same, to the awaiting handler with a wait of 1 ms
    curves: list[Curve]

    def curve(self, handler: str, wait_ms: int, tokens: int = TOKENS) -> Curve:
        """Return the run of this handler."""
        wanted = (handler, wait_ms, tokens)
        return next(c for c in self.curves if (c.handler, c.wait_ms, c.tokens) == wanted)

    def to_json(self) -> str:
        """Return the figures as JSON, for a file."""
        return json.dumps(asdict(self), indent=1)


def read_figures(text: str) -> Figures:
    """Read figures that `to_json` has written."""
    kept: dict[str, Any] = json.loads(text)
    curves = [
        Curve(
            **curve
            | {
                "steps": [Step(**step) for step in curve["steps"]],
                "moments": [Moment(**moment) for moment in curve["moments"]],
            }
        )
        for curve in kept["curves"]
    ]
    return Figures(**kept | {"curves": curves})


def rate(times: Sequence[float], seconds: float) -> float:
    """Return answers per second, from the gaps between them: a count of three would be rough."""
    if len(times) < 2 or times[-1] == times[0]:
        return len(times) / seconds
    return (len(times) - 1) / (times[-1] - times[0])


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the value that this percentage does not exceed (nearest rank); None without values."""
    if not values:
        return None
    rank = max(1, -(-len(values) * percent // 100))
    return sorted(values)[rank - 1]


def steps(run: Run, recording: Recording, seconds: float) -> list[Step]:
    """Return the rate of each step, leaving out its beginning."""
    found = []
    for number, users in enumerate(run.steps):
        start, end = (number + SETTLED) * seconds, (number + 1) * seconds
        times = [at for at, _ in recording.answers if start <= at < end]
        found.append(Step(users, rate(times, end - start)))
    return found


def moments(recording: Recording) -> list[Moment]:
    """Return the figures of the second before each tick."""
    found = []
    for at, users in recording.ticks:
        start = max(0.0, at - WINDOW_SECONDS)
        last = [ms for when, ms in recording.answers if start <= when < at]
        threads = [
            in_use for sent, _, in_use in recording.others if start <= sent - recording.start < at
        ]
        found.append(
            Moment(
                at=at,
                users=users,
                rate=len(last) / (at - start),
                p50_ms=percentile(last, 50),
                p99_ms=percentile(last, 99),
                threads=threads[-1] if threads else None,
            )
        )
    return found


def curve(run: Run, recording: Recording, seconds: float) -> Curve:
    """Turn a run's recording into figures."""
    slowest = max((ms for _, ms, _ in recording.others), default=0.0)
    return Curve(
        handler=run.handler,
        wait_ms=run.wait_ms,
        tokens=run.tokens,
        steps=steps(run, recording, seconds),
        moments=moments(recording),
        others_ms=max(slowest, recording.open_ms),
        others_answered=recording.open_ms <= slowest,
        failures=recording.failures,
    )

"""From answers to figures: rates, percentiles, and how long somebody else had to wait."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.plan import TOKENS, Run

SETTLED = 1 / 3  # of a step is over when its rate is taken: users have joined by then
WINDOW_SECONDS = 1.0  # a moment's rate and percentiles are those of the second before it


@dataclass
class Recording:
    """What one run's load has said, put together."""

    start: float = 0.0  # by the clock on the wall
    ticks: list[tuple[float, int]] = field(default_factory=list)  # when, how many users
    answers: list[tuple[float, float]] = field(default_factory=list)  # when, after which ms
    others: list[tuple[float, float, int]] = field(default_factory=list)  # and threads in use
    open_ms: float = 0.0  # how long somebody else was waiting when it was over
    failures: int = 0
    failure: str = ""

    def add(self, line: str) -> float:
        """Take up a line of `lab.load`, and return the seconds that it is about."""
        said = json.loads(line)
        self.start = said["start"]
        self.ticks.append((said["at"], said["users"]))
        self.answers += map(tuple, said["answers"])
        self.failures += said["failures"]
        self.failure = self.failure or said["failure"]
        return float(said["at"])


@dataclass(frozen=True)
class Step:
    """How a number of users fared."""

    users: int
    rate: float  # answers a second


@dataclass(frozen=True)
class Moment:
    """What could be seen at one moment of a run."""

    at: float  # seconds since its start
    users: int
    rate: float
    p50_ms: float | None  # None while nothing is answered
    p99_ms: float | None
    threads: int | None  # as the app itself says; None while it does not


@dataclass(frozen=True)
class Curve:
    """One run of the sweep."""

    handler: str
    wait_ms: int
    tokens: int
    steps: list[Step]
    moments: list[Moment]
    others_ms: float  # the longest that another route's answer took
    others_answered: bool  # False: so long, and it had not come when the run was over
    failures: int


@dataclass(frozen=True)
class Figures:
    """Everything that was measured."""

    taken: str
    machine: str
    seconds: float  # a step took
    ceiling: float  # the client's own: requests a second to an app that answers at once
    cap: float  # this app's: the same, to the awaiting handler with a wait of 1 ms
    curves: list[Curve]

    def curve(self, handler: str, wait_ms: int, tokens: int = TOKENS) -> Curve:
        """The run of this handler."""
        wanted = (handler, wait_ms, tokens)
        return next(c for c in self.curves if (c.handler, c.wait_ms, c.tokens) == wanted)

    def to_json(self) -> str:
        """As a file keeps it."""
        return json.dumps(asdict(self), indent=1)


def read_figures(text: str) -> Figures:
    """What `to_json` has written."""
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
    """Answers a second: by the gaps between them, so that three answers give no rough figure."""
    if len(times) < 2 or times[-1] == times[0]:
        return len(times) / seconds
    return (len(times) - 1) / (times[-1] - times[0])


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The value that so many percent of all do not exceed (nearest rank); None without any."""
    if not values:
        return None
    rank = max(1, -(-len(values) * percent // 100))
    return sorted(values)[rank - 1]


def steps(run: Run, recording: Recording, seconds: float) -> list[Step]:
    """The rate of each step, its beginning left out."""
    found = []
    for number, users in enumerate(run.steps):
        start, end = (number + SETTLED) * seconds, (number + 1) * seconds
        times = [at for at, _ in recording.answers if start <= at < end]
        found.append(Step(users, rate(times, end - start)))
    return found


def moments(recording: Recording) -> list[Moment]:
    """What the second before each tick was like."""
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
    """A run's recording as figures."""
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

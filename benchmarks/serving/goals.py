"""The goals of the generated service beside its alternatives, and whether they are met."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.measure import Spread, markdown, paired
from benchmarks.serving.candidates import AS_IT_COMES, GENERATED, RIVALS, THIS, UNBATCHED
from benchmarks.serving.results import Results

MIDDLE = 32  # the concurrency that most goals are about
LEAST_TIMES_RIVALS = {"light": 4.5, "heavy": 2.5, "wide": 2.5}
LEAST_TIMES_UNBATCHED = {"heavy": 3.0, "wide": 3.0}  # at the same concurrency; elsewhere 1


@dataclass(frozen=True)
class Goal:
    """A ratio, and how large it must be; the other side of the ratio is named."""

    text: str
    other: str
    ratio: Spread
    least: float
    beyond_noise: bool = False  # missed only if the upper quartile is below it too

    def row(self) -> list[str]:
        """Return the cells of its row in the table."""
        value = self.ratio.high if self.beyond_noise else self.ratio.median
        missing = self.least - round(value, 2)
        state = f"missed by {missing:.2f}" if missing > 0 else "met"
        return [self.text, self.other, self.ratio.text(2), f"≥ {self.least:.2f}: {state}"]


def best(results: Results, names: list[str], concurrency: int, what: str) -> str:
    """Return the one of these that does best: the highest rate, or the lowest of anything else."""
    measured = [name for name in names if name in results.names()]
    choose = max if what == "rate" else min
    return choose(measured, key=lambda name: results.median(name, concurrency, what))


def rate_ratio(results: Results, name: str, other: str, concurrency: int) -> Spread:
    """Return how many times the other's rate this one has, round by round."""
    rates = [results.values(n, concurrency, "rate") for n in (name, other)]
    return paired(rates[0], rates[1])


def p99_ratio(results: Results, name: str, other: str, concurrency: int) -> Spread:
    """Return how many times this one's p99 the other has, round by round."""
    tails = [results.values(n, concurrency, "p99") for n in (other, name)]
    return paired(tails[0], tails[1])


def goals(results: Results, kind: str) -> Iterator[Goal]:
    """Yield the goals for a model."""
    rivals, peers = ([c.name for c in group] for group in (RIVALS, GENERATED))
    rival = best(results, rivals, MIDDLE, "rate")
    ratio = rate_ratio(results, THIS, rival, MIDDLE)
    yield Goal(f"rate, c={MIDDLE}", rival, ratio, LEAST_TIMES_RIVALS[kind])
    for c in results.concurrencies():
        rival = best(results, rivals, c, "p99")
        yield Goal(f"p99 of the other, c={c}", rival, p99_ratio(results, THIS, rival, c), 1)
        ratio = rate_ratio(results, THIS, UNBATCHED, c)
        least = LEAST_TIMES_UNBATCHED.get(kind, 1) if c == MIDDLE else 1
        yield Goal(f"rate, c={c}", UNBATCHED, ratio, least, beyond_noise=least == 1)
        peer = best(results, peers, c, "rate")
        yield Goal(f"rate as it comes, c={c}", peer, rate_ratio(results, AS_IT_COMES, peer, c), 1)


def table(results: Results, kind: str) -> str:
    """Return the table, with a row for each goal."""
    columns = ["this, in times of", "the best of the others", "ratio", "goal"]
    return markdown(columns, (goal.row() for goal in goals(results, kind)))

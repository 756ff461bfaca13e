"""What was measured, kept in the folder of the alternatives, and the table of it."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from benchmarks.measure import markdown, spread


@dataclass(frozen=True)
class Sample:
    """One burst to one server: requests per second, ms, and CPU µs per request."""

    name: str
    concurrency: int
    round: int
    rate: float
    p50: float
    p99: float
    cpu: float


@dataclass
class Results:
    """All samples of a measurement, and why some alternatives have none."""

    file: Path
    samples: list[Sample] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, kind: str, *, more: bool) -> Self:
        """Return new results, or the earlier ones, to be continued or drawn."""
        results = cls(folder / f"{kind}.json")
        if more and results.file.exists():
            kept = json.loads(results.file.read_text())
            results.samples = [Sample(**sample) for sample in kept["samples"]]
        return results

    def save(self) -> None:
        """Keep them."""
        self.file.write_text(json.dumps(asdict(self), default=str))

    def rounds(self) -> int:
        """Return how many rounds there are."""
        return 1 + max((sample.round for sample in self.samples), default=-1)

    def names(self) -> list[str]:
        """Return who was measured in every round, in the first round's order: the table's."""
        rounds = {(sample.name, sample.round) for sample in self.samples}
        times = Counter(name for name, _ in rounds)
        names = dict.fromkeys(sample.name for sample in self.samples)
        return [name for name in names if times[name] == self.rounds()]

    def concurrencies(self) -> list[int]:
        """Return how many requests were sent at a time."""
        return sorted({sample.concurrency for sample in self.samples})

    def values(self, name: str, concurrency: int, what: str) -> list[float]:
        """Return a server's values, round by round."""
        chosen = [s for s in self.samples if (s.name, s.concurrency) == (name, concurrency)]
        return [getattr(s, what) for s in sorted(chosen, key=lambda s: s.round)]

    def median(self, name: str, concurrency: int, what: str) -> float:
        """Return the median of a server's values."""
        return spread(self.values(name, concurrency, what)).median

    def table(self) -> str:
        """Return a row for each server: CPU time, rate and latency at each concurrency."""
        at = self.concurrencies()
        columns = ["server", *(f"CPU µs, c={c}" for c in at), *(f"req/s, c={c}" for c in at)]
        columns += [f"p50 / p99 ms, c={c}" for c in at]
        return markdown(columns, map(self.row, self.names()))

    def row(self, name: str) -> list[str]:
        """Return the cells of one server."""
        at = self.concurrencies()
        numbers = [f"{self.median(name, c, what):,.0f}" for what in ("cpu", "rate") for c in at]
        latencies = [
            " / ".join(f"{self.median(name, c, what):,.1f}" for what in ("p50", "p99")) for c in at
        ]
        return [name, *numbers, *latencies]

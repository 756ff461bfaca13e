"""What every benchmark needs: CPU time, quartiles, paired ratios, a table, a progress bar."""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import psutil
from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


@dataclass(frozen=True)
class Spread:
    """The middle of many measurements, and the quartiles around it."""

    low: float
    median: float
    high: float

    def text(self, digits: int) -> str:
        """Return text such as `1.05 (1.03 to 1.08)`."""
        numbers = (f"{number:,.{digits}f}" for number in (self.median, self.low, self.high))
        return "{} ({} to {})".format(*numbers)


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles of one value or more."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def paired(values: Sequence[float], yardstick: Sequence[float]) -> Spread:
    """Return the ratios of measurements made side by side; what disturbs both cancels out."""
    return spread([value / other for value, other in zip(values, yardstick, strict=True)])


def verdict(ratio: float, target: float | None) -> str:
    """Say whether the target is met, and by how much it is missed."""
    if target is None:
        return ""
    missed = round(ratio, 2) - target
    return f"≤ {target:.2f}: " + (f"missed by {missed:.2f}" if missed > 0 else "met")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of another process, in all its threads, even those that have ended."""
    if sys.platform == "linux":
        return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3): to the nanosecond
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is text, the others are numbers."""
    ruler = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, ruler, *rows)) + "\n"


def say(text: str) -> None:
    """Write a line to standard output, as it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Say on standard error, apart from the result, what is being done."""
    sys.stderr.write(f"{text}\n")


def progress(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Return the items, with a progress bar on standard error."""
    return track(items, what, console=Console(stderr=True), refresh_per_second=1)


def options(description: str | None, rounds: int, what: str) -> argparse.Namespace:
    """Read the command line of a script whose only option is how often it measures."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=at_least_one, default=rounds, help=f"{what} ({rounds})")
    return parser.parse_args()


def at_least_one(text: str) -> int:
    """Parse a count, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)

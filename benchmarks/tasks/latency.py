"""How long a `POST` of a no-op task takes at a fixed rate, next to a bare dict of tasks.

Each round gives each variant some seconds of load, in shuffled order. A latency counts from the
moment when the request was due, so a stall of the server is felt by all requests that fall into it.
"""

import argparse
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks import measure, project
from benchmarks.measure import at_least_one, markdown, paired, spread, verdict
from benchmarks.tasks.open_loop import OpenLoop, percentile
from benchmarks.tasks.stack import NO_OP, Stack, bake, celery, ours, plain, until

TARGET_MS = 5.0
FULL = {"DATABASE_SYNCHRONOUS": "FULL"}
LONGEST_SECONDS = 120
COLUMNS = ["`POST` of a no-op task", "p50 ms", "p99 ms", "ratio of p99", "target of p99"]


@dataclass
class Variant:
    """One way to run tasks, and its measurements."""

    name: str
    make: Callable[[Stack], Stack]
    settings: dict[str, str] = field(default_factory=dict)
    target_ms: float | None = None
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def variants() -> list[Variant]:
    """Return everything that is measured, the yardstick first."""
    return [
        Variant("bare FastAPI, `BackgroundTasks` and a dict", plain),
        Variant("the same, a second server", plain),
        Variant("this, `background`, as it comes", ours, target_ms=TARGET_MS),
        Variant("the same, `DATABASE_SYNCHRONOUS=FULL`", ours, FULL, TARGET_MS),
        Variant("Celery on Redis, `.delay()` in a `def` route", celery),
    ]


def measure_all(measured: list[Variant], folder: Path, options: argparse.Namespace) -> None:
    """Start everything, then load each variant once a round."""
    baked = bake(folder)
    with ExitStack() as exits:
        stacks: dict[str, Stack] = {}
        for number, variant in enumerate(measure.progress(measured, "Starting")):
            stack = Stack(folder / str(number), baked, exits, variant.settings)
            stacks[variant.name] = variant.make(stack)
            load(stack, options.rate, 1)  # warms it up
        for _ in measure.progress(range(options.rounds), "Measuring"):
            for variant in random.sample(measured, len(measured)):
                latencies = load(stacks[variant.name], options.rate, options.seconds)
                variant.p50.append(percentile(latencies, 0.50))
                variant.p99.append(percentile(latencies, 0.99))


def load(stack: Stack, rate: int, seconds: int) -> list[float]:
    """Return the latency of each `POST` once all tasks are done, so that the next has quiet."""
    wanted = stack.finished() + rate * seconds
    latencies = uvloop.run(OpenLoop(stack.port, NO_OP, rate).run(seconds))
    until(lambda: stack.finished() >= wanted, LONGEST_SECONDS, "Doing the tasks")
    return latencies


def table(measured: list[Variant]) -> str:
    """Return the table, with a row for each variant."""
    rows = []
    for variant in measured:
        ratio = paired(variant.p99, measured[0].p99)
        times = "1" if variant is measured[0] else ratio.text(2)
        p50, p99 = spread(variant.p50), spread(variant.p99)
        met = verdict(p99.median, variant.target_ms)
        rows.append([variant.name, p50.text(2), p99.text(2), times, met])
    return markdown(COLUMNS, rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--rounds", type=at_least_one, default=10, help="for each row (10)")
    parser.add_argument("--seconds", type=at_least_one, default=4, help="of a round (4)")
    parser.add_argument("--rate", type=at_least_one, default=300, help="requests/s (300)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, and print the table."""
    measured = variants()
    with project.scratch_folder() as folder:
        measure_all(measured, folder, options)
    measure.say(table(measured))

"""Submit no-op tasks over HTTP and have them done: tasks/s, and CPU time per task."""

import argparse
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks import measure, project
from benchmarks.load import Burst, Load
from benchmarks.measure import at_least_one, markdown, paired, spread
from benchmarks.tasks.stack import NO_OP, Stack, bake, celery, ours, ours_on_celery, plain, until

CONCURRENCY = 32
LONGEST_SECONDS = 120
YARDSTICK = "Celery on Redis, prefork 2"
COLUMNS = ["engine", "done/s", "CPU µs per task", "ratio of CPU", "ratio of done/s", "goal"]


@dataclass
class Variant:
    """One way to run tasks, and its measurements."""

    name: str
    make: Callable[[Stack], Stack]
    settings: dict[str, str] = field(default_factory=dict)
    goal: float | None = None
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def variants() -> list[Variant]:
    """Return everything that is measured, the yardstick first."""
    return [
        Variant(YARDSTICK, celery),
        Variant("this, `background`, as it comes", ours, goal=3.5),
        Variant("the same, `DATABASE_SYNCHRONOUS=FULL`", ours, {"DATABASE_SYNCHRONOUS": "FULL"}, 3),
        Variant("the same, `TASK_CONCURRENCY=16`", ours, {"TASK_CONCURRENCY": "16"}),
        Variant("this, `celery`, prefork 2, SQLite", ours_on_celery),
        Variant("`BackgroundTasks` and a dict", plain),
    ]


async def burst(port: int, tasks: int, request: bytes = NO_OP) -> Burst:
    """Submit so many tasks."""
    load = Load(port, request, CONCURRENCY)
    for client in load.clients:
        await client.connect(port)
    try:
        return await load.burst(tasks)
    finally:
        load.close()


def measure_once(variant: Variant, stack: Stack, tasks: int) -> None:
    """Measure one burst, from the first request until the last task is done."""
    wanted, cpu = stack.finished() + tasks, stack.cpu()
    submitted = uvloop.run(burst(stack.port, tasks))
    until(lambda: stack.finished() >= wanted, LONGEST_SECONDS, variant.name)
    seconds = time.perf_counter() - submitted.started
    variant.rates.append(tasks / seconds)
    variant.cpu.append(1e6 * (stack.cpu() - cpu) / tasks)


def measure_all(measured: list[Variant], folder: Path, rounds: int, tasks: int) -> None:
    """Start everything, then give each variant one burst a round, in shuffled order."""
    baked = bake(folder)
    with ExitStack() as exits:
        stacks: dict[str, Stack] = {}
        for number, variant in enumerate(measure.progress(measured, "Starting")):
            stack = Stack(folder / str(number), baked, exits, variant.settings)
            stacks[variant.name] = variant.make(stack)
        for number in measure.progress(range(rounds + 1), "Measuring"):
            for variant in random.sample(measured, len(measured)):
                measure_once(variant, stacks[variant.name], tasks)
                if number == 0:  # that one warmed it up
                    variant.rates.clear()
                    variant.cpu.clear()


def goal(ratio: float, wanted: float | None) -> str:
    """Say whether the goal is reached, and what is missing."""
    if wanted is None:
        return ""
    missing = wanted - round(ratio, 1)
    return f"≥ {wanted:.1f}: " + (f"missed by {missing:.1f}" if missing > 0 else "met")


def table(measured: list[Variant]) -> str:
    """Return the table, with a row for each variant."""
    rows = []
    for variant in measured:
        faster = paired(variant.rates, measured[0].rates)
        cheaper = paired(variant.cpu, measured[0].cpu).text(2)
        done, cpu = spread(variant.rates).text(0), spread(variant.cpu).text(0)
        ratios = ["1", "1"] if variant is measured[0] else [cheaper, faster.text(1)]
        rows.append([variant.name, done, cpu, *ratios, goal(faster.median, variant.goal)])
    return markdown(COLUMNS, rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--rounds", type=at_least_one, default=15, help="bursts for each row (15)")
    parser.add_argument("--tasks", type=at_least_one, default=1024, help="tasks in a burst (1024)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, and print the table."""
    measured, tasks = variants(), max(CONCURRENCY, options.tasks // CONCURRENCY * CONCURRENCY)
    with project.scratch_folder() as folder:
        measure_all(measured, folder, options.rounds, tasks)
    measure.say(table(measured))

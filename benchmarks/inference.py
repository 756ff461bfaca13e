"""What batching gains: the same service with and without it, and a bare FastAPI route.

`POST /v1/predict` for five models, at several concurrencies. Without batching is
`MODEL_BATCH_SIZE=1`; the bare route is `def`, so FastAPI asks the model in a thread pool. The
servers are up all the time, each in a process of its own on one core; the load comes from another.
Every round gives each server one short burst, in shuffled order, and ratios are taken within a
round. The servers are restarted several times.
"""

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks import measure, models, project
from benchmarks.ending import guarded
from benchmarks.http_cost import QUIET, UVICORN, Running, on_core
from benchmarks.load import Load
from benchmarks.measure import cpu_seconds, markdown, paired, spread

CONCURRENCIES = (1, 32, 128)
ROUNDS_PER_START = 4
COLUMNS = ["model", "users", "server", "CPU µs per request", "requests/s", "p99 ms"]
COLUMNS += ["ratio of requests/s to the bare one", "to batches of 1"]

BARE, SINGLE, BATCHED = "bare `def` route", "batches of 1", "batches of 32"
SERVERS: Mapping[str, tuple[list[str], Mapping[str, str]]] = {
    BARE: ([*UVICORN, "benchmarks.servers:bare_predict"], {}),
    SINGLE: (["-m", "app"], {"MODEL_BATCH_SIZE": "1"}),
    BATCHED: (["-m", "app"], {"MODEL_BATCH_SIZE": "32"}),
}


@dataclass
class Row:
    """One server under one load, and its measurements, round by round."""

    server: str
    users: int
    cpu: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def start(stack: ExitStack, baked: Path, settings: Mapping[str, str]) -> dict[str, Running]:
    """Start the servers, all on the last core; the stack stops them."""
    running = {}
    with on_core(-1):
        for number, (name, (arguments, own)) in enumerate(SERVERS.items()):
            port, log = project.free_port(), baked.with_name(f"{number}.log")
            at = ["--port", str(port)] if "uvicorn" in arguments else []
            path = {"PORT": str(port), "PYTHONPATH": str(project.ROOT)}
            command = [sys.executable, *arguments, *at]
            process = project.started(command, baked, log, {**QUIET, **settings, **own, **path})
            running[name] = Running(stack.enter_context(process), port, log)
    return running


async def measure_once(row: Row, server: Running, requests: int) -> None:
    """Measure one burst."""
    load = Load(server.port, project.ASK_PREDICT, row.users)
    await load.open()
    try:
        before = cpu_seconds(server.process.pid)
        burst = await load.burst(max(requests, 2 * row.users))
        row.cpu.append(1e6 * (cpu_seconds(server.process.pid) - before) / burst.requests)
        row.rates.append(burst.requests / burst.seconds)
        row.p99.append(1e3 * sorted(burst.latencies)[len(burst.latencies) * 99 // 100])
    finally:
        load.close()


async def measure_model(model: models.Served, baked: Path, rounds: int) -> list[Row]:
    """Give each server one burst a round at each concurrency; restart them after some rounds."""
    rows = [Row(name, users) for name in SERVERS for users in CONCURRENCIES]
    with ExitStack() as stack:
        running: dict[str, Running] = {}
        for number in measure.progress(range(rounds), model.name):
            if number % ROUNDS_PER_START == 0:
                stack.close()
                running = start(stack, baked, model.settings)
                for server in running.values():
                    first = (server.process, server.port, project.ASK_PREDICT, server.log)
                    await project.first_answer(*first)
            for row in random.sample(rows, len(rows)):
                with on_core(0):
                    await measure_once(row, running[row.server], model.requests)
    return rows


def lines(model: models.Served, rows: Sequence[Row]) -> Iterator[list[str]]:
    """Yield the table's lines for one model."""
    for users in CONCURRENCIES:
        found = {row.server: row for row in rows if row.users == users}
        for name, row in found.items():
            numbers = [spread(row.cpu).text(0), f"{spread(row.rates).median:,.0f}"]
            numbers.append(f"{spread(row.p99).median:,.1f}")
            ratios = [ratio(row, found[BARE]), ratio(row, found[SINGLE])]
            yield [model.name, str(users), name, *numbers, *ratios]


def ratio(row: Row, yardstick: Row) -> str:
    """Return how many times the rate of the other this one reaches."""
    return "1" if row is yardstick else paired(row.rates, yardstick.rates).text(2)


async def measure_all(baked: Path, rounds: int) -> list[list[str]]:
    """Measure every model in turn."""
    table: list[list[str]] = []
    for model in models.serve(baked):
        table += lines(model, await measure_model(model, baked, rounds))
    return table


def main() -> None:
    """Bake the project, make the models, measure, and print the table."""
    rounds = measure.options(__doc__, 8, "rounds of one burst for each line").rounds
    with project.scratch_folder() as folder:
        table = uvloop.run(measure_all(project.bake(folder), rounds))
    measure.say(markdown(COLUMNS, table))


if __name__ == "__main__":
    guarded(main)

"""CPU time per request of the generated service, against the same route written bare.

All servers are up all the time, each in a process of its own on one core; the load comes from
this process on another core. Every round gives each server one short burst, in shuffled order,
and ratios are taken within a round, so whatever disturbs the machine disturbs both sides. The
servers are restarted several times, because two processes of one program differ by a few per
cent for as long as they live; the second bare server shows how much of that is left.
"""

import os
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvloop

from benchmarks import measure, project
from benchmarks.ending import guarded
from benchmarks.load import Load, get
from benchmarks.measure import cpu_seconds, markdown, paired, spread, verdict
from benchmarks.servers import LAST

REQUESTS = 512
ROUNDS_PER_START = 20
COLUMNS = ["request", "CPU µs per request", "requests/s", "ratio to the bare one", "target"]

UVICORN = ["-m", "uvicorn", "--factory", "--loop", "uvloop", "--http", "httptools"]
UVICORN += ["--no-access-log", "--log-level", "warning"]
QUIET = {"ACCESS_LOG": "false"}


@dataclass(frozen=True)
class Server:
    """A process to measure: what Python is started with, and its settings."""

    arguments: Sequence[str]
    settings: Mapping[str, str] = field(default_factory=lambda: QUIET)

    def command(self, port: int) -> list[str]:
        """Return the command line; the generated app takes its port from the environment."""
        at = ["--port", str(port)] if "uvicorn" in self.arguments else []
        return [sys.executable, *self.arguments, *at]


SERVERS = {
    "bare": Server([*UVICORN, "benchmarks.servers:bare_live"]),
    "bare-again": Server([*UVICORN, "benchmarks.servers:bare_live"]),
    "bare-predict": Server([*UVICORN, "benchmarks.servers:bare_predict"]),
    "app": Server(["-m", "app"]),
    "app-log": Server(["-m", "app"], {"ACCESS_LOG": "true"}),
    "app-watched": Server(["-m", "app"], {**QUIET, "LOOP_WATCHDOG_MS": "100"}),
    "mounted": Server([*UVICORN, "--no-server-header", "benchmarks.servers:last_mounted"]),
    "searched": Server([*UVICORN, "--no-server-header", "benchmarks.servers:last_searched"]),
    "included": Server([*UVICORN, "--no-server-header", "benchmarks.servers:last_included"]),
    "often": Server([*UVICORN, "--no-server-header", "benchmarks.servers:collected_often"]),
}


@dataclass
class Variant:
    """One kind of request to one server, and its measurements."""

    name: str
    server: str
    request: bytes
    concurrency: int
    yardstick: str
    target: float | None = None
    cpu: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def variants() -> list[Variant]:
    """Return everything that is measured; a yardstick is its own yardstick."""
    live, predict = "bare FastAPI, GET", "bare FastAPI, POST in a `def` route"
    gets = [
        Variant(live, "bare", project.ASK_LIVE, 64, live),
        Variant("the same, a second server", "bare-again", project.ASK_LIVE, 64, live),
        Variant("`GET /health/live`, log off", "app", project.ASK_LIVE, 64, live, 1.08),
        Variant("`GET /health/live`, log on", "app-log", project.ASK_LIVE, 64, live, 1.30),
        Variant("the same, watchdog on, log off", "app-watched", project.ASK_LIVE, 64, live),
        Variant("route mounted last, log off", "mounted", get(LAST), 64, live, 1.08),
        Variant("the same without the table of paths", "searched", get(LAST), 64, live),
        Variant("the same with `include_router`", "included", get(LAST), 64, live),
    ]
    posts = [
        Variant(predict, "bare-predict", project.ASK_PREDICT, 32, predict),
        Variant("`POST /v1/predict`, log off", "app", project.ASK_PREDICT, 32, predict, 1.20),
        Variant("the same, Python's own pace of `gc`", "often", project.ASK_PREDICT, 32, predict),
        Variant("`POST /v1/predict`, log on", "app-log", project.ASK_PREDICT, 32, predict),
    ]
    return [*gets, *posts]


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    process: project.Process
    port: int
    log: Path


@contextmanager
def on_core(index: int) -> Iterator[None]:
    """Run this process, and every process started meanwhile, on one of its own cores."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[index]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def start(stack: ExitStack, baked: Path) -> dict[str, Running]:
    """Start the servers, all on the last core; the stack stops them."""
    running = {}
    with on_core(-1):
        for name, server in SERVERS.items():
            port, log = project.free_port(), baked.with_name(f"{name}.log")
            settings = {**server.settings, "PORT": str(port), "PYTHONPATH": str(project.ROOT)}
            process = project.started(server.command(port), baked, log, settings)
            running[name] = Running(stack.enter_context(process), port, log)
    return running


async def measure_once(variant: Variant, server: Running) -> None:
    """Measure one burst."""
    load = Load(server.port, variant.request, variant.concurrency)
    await load.open()
    try:
        before = cpu_seconds(server.process.pid)
        burst = await load.burst(REQUESTS)
        variant.cpu.append(1e6 * (cpu_seconds(server.process.pid) - before) / burst.requests)
        variant.rates.append(burst.requests / burst.seconds)
    finally:
        load.close()


async def measure_all(measured: Sequence[Variant], baked: Path, rounds: int) -> None:
    """Give each variant one burst a round, and restart the servers after some rounds."""
    with ExitStack() as stack:
        running: dict[str, Running] = {}
        for number in measure.progress(range(rounds), "Measuring"):
            if number % ROUNDS_PER_START == 0:
                stack.close()
                running = await start_and_warm_up(stack, measured, baked)
            for variant in random.sample(measured, len(measured)):
                with on_core(0):
                    await measure_once(variant, running[variant.server])


async def start_and_warm_up(
    stack: ExitStack, measured: Sequence[Variant], baked: Path
) -> dict[str, Running]:
    """Start every server, wait for its first answer, and give it a burst that does not count."""
    running = start(stack, baked)
    for variant in measured:
        server = running[variant.server]
        await project.first_answer(server.process, server.port, variant.request, server.log)
        await measure_once(replace(variant, cpu=[], rates=[]), server)
    return running


def table(measured: Sequence[Variant]) -> str:
    """Return the table, with a row for each variant."""
    cpu = {variant.name: variant.cpu for variant in measured}
    rows = []
    for variant in measured:
        ratio = paired(variant.cpu, cpu[variant.yardstick])
        times = "1" if variant.name == variant.yardstick else ratio.text(2)
        rates = f"{spread(variant.rates).median:,.0f}"
        result = verdict(ratio.median, variant.target)
        rows.append([variant.name, spread(variant.cpu).text(0), rates, times, result])
    return markdown(COLUMNS, rows)


def main() -> None:
    """Bake the project, measure, and print the table."""
    rounds = measure.options(__doc__, 120, "rounds of one burst for each row").rounds
    measured = variants()
    with project.scratch_folder() as folder:
        uvloop.run(measure_all(measured, project.bake(folder), rounds))
    measure.say(table(measured))


if __name__ == "__main__":
    guarded(main)

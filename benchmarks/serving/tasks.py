"""Submit no-op tasks over HTTP and have them done, in the alternatives that have tasks.

Like `benchmarks.tasks throughput`, in each alternative's own environment. No process has a core of
its own: a queue needs several.
"""

import argparse
import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import redis
import uvloop

from benchmarks import measure, project
from benchmarks.load import post
from benchmarks.measure import at_least_one, markdown, paired, spread
from benchmarks.serving import models
from benchmarks.serving.candidates import (
    BARE,
    BENTO_SETTINGS,
    BENTOML_SERVE,
    GENERATED,
    UVICORN,
    Candidate,
    ours,
)
from benchmarks.serving.running import Server, a_redis, answers, started
from benchmarks.tasks.stack import POOL, WAIT, ask, listening, until
from benchmarks.tasks.throughput import CONCURRENCY, LONGEST_SECONDS, burst

COLUMNS = ["tasks", "done/s", "CPU µs per task", "ratio of CPU", "done/s, in times of this"]
WITHOUT = {
    "LitServe": "has no tasks",
    "fastapi-fastkit": "offers Celery as a dependency, without an app, a worker or a task",
    "fastapi-new": "has no tasks",
}
READY_SECONDS = 60
SECONDS = b'{"seconds": 0}'


@dataclass
class Work:
    """One way to run tasks: its servers, and how it reports what is done."""

    candidate: Candidate
    submit: str
    finished: Callable[["Work"], int]
    worker: list[str] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    folder: Path = Path()
    redis: int = 0
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where tasks are submitted."""
        return self.servers[0].port

    def spent(self) -> float:
        """Return the CPU seconds of all processes."""
        return sum(server.cpu() for server in self.servers)


def rows(database: Path, table: str, condition: str) -> int:
    """Return how many rows meet the condition."""
    with closing(sqlite3.connect(database)) as connection:
        count: int = connection.execute(
            f"SELECT COUNT(*) FROM {table} WHERE {condition}"  # noqa: S608
        ).fetchone()[0]
        return count


def results(port: int, but: str = "") -> int:
    """Return how many results Redis has; `but` is a list that is not one."""
    with redis.Redis(port=port, db=1) as connection:
        return int(connection.dbsize()) - int(connection.exists(but) if but else 0)


def ways(folder: Path) -> list[Work]:
    """Return everything that is measured, this project first."""
    tasks, bento_tasks = folder / "app.sqlite3", folder / "bentoml.sqlite3"
    own = {"DATABASE_URL": f"sqlite:///{tasks}"}
    bento = {**BENTO_SETTINGS, "BENTOML_RESULT_STORE": str(bento_tasks)}
    plain = [*BARE, "benchmarks.tasks.dict_app:create"]
    bento_app = [*BENTOML_SERVE, "benchmarks.serving.apps.bentoml_tasks:Tasks"]
    celery_app = [*UVICORN, "--factory", "benchmarks.serving.apps.celery_tasks:create"]
    taskiq_app = [*UVICORN, "--factory", "benchmarks.serving.apps.taskiq_tasks:create"]
    taskiq = ["-m", "taskiq", "worker", "--workers", str(POOL), "service.tkq:broker"]
    taskiq += ["benchmarks.serving.apps.taskiq_tasks"]
    worker = ["-m", "celery", "-A", "benchmarks.serving.apps.celery_tasks:celery_app", "worker"]
    live = "/health/live"
    return [
        Work(ours("this", **own), WAIT, lambda _: rows(tasks, "tasks", "finished_at IS NOT NULL")),
        Work(
            Candidate("bare FastAPI, a dict", "this", plain, {"STARTS": str(folder / "s")}, live),
            WAIT,
            lambda work: int(ask(work.port, "GET", "/finished")),
        ),
        Work(
            Candidate("BentoML, `@bentoml.task`", "BentoML", bento_app, bento, "/livez"),
            "/wait/submit",
            lambda _: rows(bento_tasks, "result", "completed_at IS NOT NULL"),
        ),
        Work(
            replace(GENERATED[-1], name="fastapi-fullstack, Celery", arguments=celery_app),
            "/tasks/wait",
            lambda work: results(work.redis),
            worker,
        ),
        Work(
            Candidate(
                "fastapi-template, taskiq (an older one)",
                "fastapi-template --taskiq",
                taskiq_app,
                {"SERVICE_REDIS_PORT": "{redis}"},
                "/api/health",
            ),
            "/tasks/wait",
            lambda work: results(work.redis, but="taskiq"),
            taskiq,
        ),
    ]


def start(work: Work, stack: ExitStack, folder: Path, logs: Path) -> None:
    """Start the server, and the worker where there is one."""
    name = work.candidate.alternative + str(len(work.candidate.arguments))
    model, broker = models.light(folder), 0
    if work.worker:
        work.redis = broker = stack.enter_context(a_redis(logs / "redis.log"))
    for number, arguments in enumerate([work.candidate.arguments, work.worker]):
        if arguments:
            candidate, log = replace(work.candidate, arguments=arguments), logs / f"{name}{number}"
            server = started(candidate, folder, model, broker, log)
            work.servers.append(stack.enter_context(server))
    if work.worker:
        waits = redis.Redis(port=broker)
        until(lambda: listening(waits) > 0, READY_SECONDS, "The start of the worker")
    first = work.servers[0]
    if reason := asyncio.run(answers(first, first.ask_live)):
        raise SystemExit(f"{work.candidate.name}: {reason}")


def measure_once(work: Work, tasks: int) -> None:
    """Measure one burst, from the first request until the last task is done."""
    wanted, cpu = work.finished(work) + tasks, work.spent()
    submitted = uvloop.run(burst(work.port, tasks, post(work.submit, SECONDS)))
    until(lambda: work.finished(work) >= wanted, LONGEST_SECONDS, work.candidate.name)
    work.rates.append(tasks / (time.perf_counter() - submitted.started))
    work.cpu.append(1e6 * (work.spent() - cpu) / tasks)


def table(measured: list[Work]) -> str:
    """Return a row for each way, then for those that have none."""
    first, lines = measured[0], []
    for work in measured:
        cheaper, faster = paired(work.cpu, first.cpu), paired(work.rates, first.rates)
        ratios = ["1", "1"] if work is first else [cheaper.text(1), faster.text(2)]
        done, cpu = spread(work.rates).text(0), spread(work.cpu).text(0)
        lines.append([work.candidate.name, done, cpu, *ratios])
    return markdown(COLUMNS, [*lines, *([name, why, "", "", ""] for name, why in WITHOUT.items())])


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--rounds", type=at_least_one, default=10, help="bursts for each row (10)")
    parser.add_argument("--tasks", type=at_least_one, default=512, help="tasks in a burst (512)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Start all, give each one burst a round in shuffled order, and print the table."""
    tasks = max(1, options.tasks // CONCURRENCY) * CONCURRENCY
    with project.scratch_folder() as logs, ExitStack() as stack:
        measured = ways(logs)
        for work in measure.progress(measured, "Starting"):
            start(work, stack, options.folder, logs)
        for number in measure.progress(range(options.rounds + 1), "Measuring"):
            for work in random.sample(measured, len(measured)):
                measure_once(work, tasks)
                if number == 0:  # that one warmed it up
                    work.rates.clear()
                    work.cpu.clear()
    measure.say(table(measured))

"""What finished tasks cost new ones: claiming and listing beside 100,000 of them, and beside few.

Two stores for each database, filled through their own methods, and asked in turn, in this process,
without HTTP.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from benchmarks import measure, project
from benchmarks.measure import at_least_one, markdown, note, paired, spread, verdict
from benchmarks.tasks.stack import bake

TARGET = 1.5
FEW = 100  # finished tasks in the other one, so that a page is as long
GROUP = 100
LIMIT = 21  # what the route reads for a page of 20
CLAIMS = 4
COLUMNS = ["database", "what", "µs, few", "µs, many", "ratio", "target"]

Tasks = Any  # the methods of a `TaskStore` of the measured project, each a transaction
Ask = Callable[[Tasks], object]
Opened = tuple[Tasks, Tasks, Callable[[], None]]  # few, many, and what lets them settle down


@dataclass
class Variant:
    """One question, and how long its answers took: beside few tasks, beside many."""

    name: str
    ask: Ask
    target: float | None = TARGET
    few: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)


def variants() -> list[Variant]:
    """Return what a store is asked."""
    from app.tasks.schemas import TaskState  # type: ignore[import-not-found]

    done, failed = TaskState.SUCCEEDED, TaskState.FAILED
    return [
        Variant(f"claim {CLAIMS}, and settle them", claim_and_settle),
        Variant("the newest page", lambda tasks: tasks.page(LIMIT, None, None, None)),
        Variant("`?state=succeeded`", lambda tasks: tasks.page(LIMIT, None, done, None)),
        Variant("`?state=failed`: none", lambda tasks: tasks.page(LIMIT, None, failed, None)),
        Variant("`?kind=wait`", lambda tasks: tasks.page(LIMIT, None, None, "wait")),
        Variant("`?kind=other`: none", lambda tasks: tasks.page(LIMIT, None, None, "other")),
        Variant(
            "`?state=failed&kind=wait`: none",
            lambda tasks: tasks.page(LIMIT, None, failed, "wait"),
        ),
    ]


def claim_and_settle(tasks: Tasks, limit: int = CLAIMS) -> object:
    """Do what an engine does for some tasks."""
    from app.tasks.records import Outcome  # type: ignore[import-not-found]
    from app.tasks.schemas import TaskState

    done = Outcome(TaskState.SUCCEEDED, result='{"waited_seconds": 0.0}')
    return tasks.settle([(claim, done) for claim in tasks.claim("benchmark", 30, limit)])


def add(tasks: Tasks, count: int) -> None:
    """Add tasks that are due."""
    from app.tasks.records import NewTask

    tasks.add([NewTask(str(uuid4()), "wait", '{"seconds": 0}') for _ in range(count)])


def fill(tasks: Tasks, count: int) -> None:
    """Finish so many tasks, and leave a few in the queue."""
    for _ in measure.progress(range(0, count, GROUP), f"Filling in {count:,}"):
        add(tasks, min(count, GROUP))
        claim_and_settle(tasks, GROUP)
    add(tasks, FEW)


def ask_both(variant: Variant, few: Tasks, many: Tasks) -> None:
    """Ask both, in either order."""
    for tasks, seconds in random.sample([(few, variant.few), (many, variant.many)], 2):
        began = time.perf_counter()
        variant.ask(tasks)
        seconds.append(time.perf_counter() - began)


def measure_all(
    few: Tasks, many: Tasks, settle_down: Callable[[], None], options: argparse.Namespace
) -> list[Variant]:
    """Fill both, then ask both everything, round by round."""
    fill(few, FEW)
    fill(many, options.tasks)
    settle_down()
    measured = variants()
    for _ in measure.progress(range(options.rounds), "Measuring"):
        for tasks in (few, many):
            add(tasks, CLAIMS)  # to be claimed in this round
        for variant in measured:
            ask_both(variant, few, many)
    return measured


@contextmanager
def sqlite(folder: Path) -> Iterator[Opened]:
    """Open two files."""
    from tests.tasks.helpers import opened_tasks  # type: ignore[import-not-found]

    with opened_tasks(folder / "few.sqlite3") as few, opened_tasks(folder / "many.sqlite3") as many:
        yield few, many, lambda: None


@contextmanager
def postgres(folder: Path) -> Iterator[Opened]:
    """Run two clusters as the project's tests do, vacuumed as Postgres does each minute."""
    from tests.servers import Postgres, running  # type: ignore[import-not-found]
    from tests.storage.postgres import (  # type: ignore[import-not-found]
        opened_postgres_tasks,
    )

    folder.chmod(0o755)  # Postgres may have to run as another user
    with ExitStack() as stack:
        opened, urls = [], []
        for name in ("few", "many"):
            (folder / name).mkdir()
            server = stack.enter_context(running(Postgres, folder / name))
            urls.append(server.url)
            opened.append(stack.enter_context(opened_postgres_tasks(server.url)))
        yield opened[0], opened[1], lambda: vacuum(urls)


def vacuum(urls: list[str]) -> None:
    """Do what autovacuum does within a minute."""
    for url in urls:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def rows(database: str, measured: list[Variant]) -> Iterator[list[str]]:
    """Yield a row for each question."""
    for variant in measured:
        ratio = paired(variant.many, variant.few)
        times = [
            f"{spread([1e6 * s for s in seconds]).median:,.0f}"
            for seconds in (variant.few, variant.many)
        ]
        result = verdict(ratio.median, variant.target)
        yield [database, variant.name, *times, ratio.text(2), result]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--rounds", type=at_least_one, default=200, help="of each question (200)")
    parser.add_argument("--tasks", type=at_least_one, default=100_000, help="finished (100000)")
    parser.add_argument("--postgres", action="store_true", help="also there; needs its programs")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, and print the table."""
    table: list[list[str]] = []
    databases = {"SQLite": sqlite} | ({"Postgres": postgres} if options.postgres else {})
    with project.scratch_folder() as folder:
        sys.path.insert(0, str(bake(folder)))
        for name, opened in databases.items():
            note(name)
            with opened(folder) as stores:
                table.extend(rows(name, measure_all(*stores, options)))
    measure.say(markdown(COLUMNS, table))

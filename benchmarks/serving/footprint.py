"""What each alternative takes: the import of its app, and its memory once it has served."""

import argparse
import asyncio
import time
from pathlib import Path

import uvloop

from benchmarks import measure, project
from benchmarks.load import Load
from benchmarks.measure import at_least_one, markdown, paired, spread
from benchmarks.serving import models
from benchmarks.serving.alternatives import ALL, Alternative
from benchmarks.serving.candidates import CANDIDATES, Candidate
from benchmarks.serving.running import Server, answers, environment, prepared, started

PREDICTIONS = 1024
CONCURRENCY = 32
BARE = "bare FastAPI"
COLUMNS = ["alternative", "import s", "times the bare one", "PSS MB", "RSS MB", "processes"]


def choose_apps() -> dict[str, tuple[Candidate, str]]:
    """Return what is started and what is imported for each alternative; the bare one first."""
    first = {candidate.alternative: candidate for candidate in reversed(CANDIDATES)}
    bare = next(c for c in CANDIDATES if c.name.startswith(BARE))
    rows = {BARE: (bare, "benchmarks.serving.apps.bare")}
    return rows | {a.name: (first[a.name], a.imported) for a in ALL}


def import_seconds(candidate: Candidate, module: str, folder: Path, home: Path) -> float:
    """Time one new process that imports the app and ends."""
    settings = environment(candidate, models.light(folder), project.free_port(), 0, folder / "log")
    return project.run([project.interpreter(home), "-c", f"import {module}"], home, **settings)


def home_of(folder: Path, name: str) -> Path:
    """Return the project's folder."""
    alternative: Alternative = next(a for a in ALL if a.name == name)
    return folder / name / alternative.home


async def predict(server: Server) -> None:
    """Make it work for a while."""
    load = Load(server.port, server.ask_predict, CONCURRENCY)
    await load.open()
    try:
        await load.burst(PREDICTIONS)
    finally:
        load.close()


def memory(candidate: Candidate, folder: Path, log: Path) -> list[str]:
    """Return the PSS and RSS of all processes, in MB, and their number."""
    with started(candidate, folder, models.light(folder), 0, log) as server:
        if reason := asyncio.run(answers(server, server.ask_predict)):
            return [reason, "", ""]
        uvloop.run(predict(server))
        time.sleep(1)
        all_of_it = [process.memory_full_info() for process in server.tree()]
    shared = sum(one.pss for one in all_of_it) / 1e6
    resident = sum(one.rss for one in all_of_it) / 1e6
    return [f"{shared:,.0f}", f"{resident:,.0f}", str(len(all_of_it))]


def run(options: argparse.Namespace) -> None:
    """Measure, and print the table."""
    folder, record = options.folder, prepared(options.folder)
    rows = {
        n: row for n, row in choose_apps().items() if "failed" not in record[row[0].alternative]
    }
    times: dict[str, list[float]] = {name: [] for name in rows}
    for number in measure.progress(range(options.rounds + 1), "Importing"):
        for name, (candidate, module) in rows.items():
            home = home_of(folder, candidate.alternative)
            seconds = import_seconds(candidate, module, folder, home)
            times[name] += [seconds] if number else []  # the first one writes the .pyc files
    cells = []
    with project.scratch_folder() as logs:
        for name, (candidate, _) in measure.progress(list(rows.items()), "Serving"):
            ratio = paired(times[name], times[BARE]).text(2) if name != BARE else "1"
            imported = spread(times[name]).text(2)
            cells.append([name, imported, ratio, *memory(candidate, folder, logs / "log")])
    measure.say(markdown(COLUMNS, cells))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--rounds", type=at_least_one, default=9, help="imports of each (9)")
    parser.set_defaults(run=run)

"""The way from an empty folder to each alternative's first 200, with a cold cache, then a warm one.

The commands are those on its own pages, without a person's time between them. Everything but uv and
Python is downloaded, so the cold time depends on the network.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import measure, project
from benchmarks.measure import markdown
from benchmarks.serving import models
from benchmarks.serving.alternatives import ALL, Alternative
from benchmarks.serving.candidates import CANDIDATES
from benchmarks.serving.prepare import make
from benchmarks.serving.running import answers, started

COLUMNS = ["alternative", "commands", "cold cache, s", "warm cache, s"]
FIRST = {candidate.alternative: candidate for candidate in reversed(CANDIDATES)}


def seconds(alternative: Alternative, folder: Path, python: str, given: models.Model) -> str:
    """Go the whole way once, and return the seconds, or why it ended early."""
    place, cache = folder / alternative.name, folder / "caches" / alternative.name
    began = time.perf_counter()
    try:
        make(alternative, place, python, UV_CACHE_DIR=str(cache))
    except (project.FailedError, subprocess.TimeoutExpired) as error:
        return str(error)
    candidate = FIRST[alternative.name]
    own = models.Model(place / alternative.home / "var" / "models")
    model = own if own.folder.exists() else given  # its own commands may have trained one
    with started(candidate, folder, model, 0, folder / "log") as server:
        reason = asyncio.run(answers(server, server.ask_live))
        return reason or f"{time.perf_counter() - began:.1f}"


def run(options: argparse.Namespace) -> None:
    """Go each way twice, and print the table."""
    rows, given = [], models.light(options.folder)
    with project.scratch_folder() as folder:
        for alternative in measure.progress(ALL, "From nothing"):
            both = [seconds(alternative, folder, options.python, given) for _ in range(2)]
            rows.append([alternative.name, str(len(alternative.steps) + 1), *both])
    measure.say(markdown(COLUMNS, rows))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument(
        "--python", default=sys.executable, help="the Python of all (this one); the peers need 3.12"
    )
    parser.set_defaults(run=run)

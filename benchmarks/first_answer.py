"""Time the way from an empty folder and an empty package cache to the first prediction, once.

The steps are those that the template's README and the generated project's name. Everything but uv
and Python is downloaded, so the time depends on the network.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from benchmarks import measure, project
from benchmarks.ending import guarded
from benchmarks.measure import markdown

OTHERS = "other FastAPI templates, from a cold cache as well"
OTHERS_SECONDS = "5.6 to 37"

Step = tuple[str, float]


def prepare(uv: str, folder: Path) -> list[Step]:
    """Run each command that comes before the service, and time it."""
    baked, cache = folder / "made" / project.SLUG, {"UV_CACHE_DIR": str(folder / "cache")}
    baked.parent.mkdir()
    python = ["--python", sys.executable]
    answers = ["--no-input", "--default-config"]
    commands: list[tuple[str, list[object], Path]] = [
        (
            "`uvx cookiecutter <template>`",
            [uv, "tool", "run", *python, "cookiecutter", project.ROOT, *answers],
            baked.parent,
        ),
        ("`uv sync`", [uv, "sync", *python], baked),
        (
            "`uv run python -m app.models train`",
            [uv, "run", "python", "-m", "app.models", "train"],
            baked,
        ),
    ]
    steps = measure.progress(commands, "Preparing")
    return [(name, project.run(command, where, **cache)) for name, command, where in steps]


def start(uv: str, folder: Path) -> Step:
    """Start the service, and ask until it predicts."""
    port, log = project.free_port(), folder / "app.log"
    settings = {"UV_CACHE_DIR": str(folder / "cache"), "PORT": str(port)}
    began = time.perf_counter()
    command = [uv, "run", "python", "-m", "app"]
    with project.started(command, folder / "made" / project.SLUG, log, settings) as process:
        asyncio.run(project.first_answer(process, port, project.ASK_PREDICT, log))
        return "`uv run python -m app` to the first prediction", time.perf_counter() - began


def table(steps: list[Step]) -> str:
    """Return a row for each step, their sum, and what to compare it with."""
    total = ("together", sum(seconds for _, seconds in steps))
    rows = [[name, f"{seconds:.1f}"] for name, seconds in [*steps, total]]
    return markdown(["step", "seconds"], [*rows, [OTHERS, OTHERS_SECONDS]])


def main() -> None:
    """Go the whole way once, and print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    uv = project.find_uv()
    if uv is None:
        sys.exit("uv is missing; `make test` brings one")
    with project.scratch_folder() as folder:
        steps = prepare(uv, folder)
        measure.say(table([*steps, start(uv, folder)]))


if __name__ == "__main__":
    guarded(main)

"""How long `GET /health/live` takes while a task calculates: in the same process, or in a worker.

Two tasks: a CSV of predictions, and a loop in pure Python, which a kind that is added to the
measured project runs. A latency counts from the moment when the request was due.
"""

import argparse
import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks import measure, project
from benchmarks.measure import at_least_one, markdown, paired, spread
from benchmarks.tasks.open_loop import OpenLoop, percentile
from benchmarks.tasks.stack import Stack, ask, bake, ours, ours_on_celery, until

RATE = 100
ROWS = 300_000
LONGEST_SECONDS = 60
BOUNDARY = "benchmark"
COLUMNS = ["while this runs", "in", "p50 ms", "p99 ms", "ratio of p99 to idle"]
SPIN = '''

def spin(payload: Wait, task: TaskContext) -> None:
    """Calculate in pure Python for so many seconds."""
    import time

    end = time.monotonic() + payload.seconds
    while time.monotonic() < end:
        sum(range(1000))
        task.check()


KINDS["spin"] = Kind(Wait, spin, {})
'''


@dataclass
class Variant:
    """A task, where it runs, and the latencies meanwhile."""

    name: str
    engine: str
    path: str | None = None
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def variants() -> list[Variant]:
    """Return everything that is measured, the yardstick first."""
    csv, loop = f"a CSV of {ROWS:,} predictions", "a loop in pure Python"
    return [
        Variant("nothing", "background"),
        Variant(csv, "background", "/v1/tasks/batch-prediction"),
        Variant(csv, "celery", "/v1/tasks/batch-prediction"),
        Variant(loop, "background", "/v1/tasks/spin"),
        Variant(loop, "celery", "/v1/tasks/spin"),
    ]


def upload() -> tuple[bytes, str]:
    """Return a form with the CSV, and its media type."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n'
    line = ",".join(str(value) for value in project.FLOWER.values()) + "\n"
    text = head + ",".join(project.FLOWER) + "\n" + line * ROWS + f"\r\n--{BOUNDARY}--\r\n"
    return text.encode(), f"multipart/form-data; boundary={BOUNDARY}"


def submit(port: int, path: str) -> str:
    """Submit the task, and return the path to it once it runs."""
    body, media_type = b'{"seconds": 600}', "application/json"
    if path.endswith("batch-prediction"):
        body, media_type = upload()
    task = f"/v1/tasks/{ask(port, 'POST', path, body, Content_Type=media_type)['id']}"
    until(lambda: is_running(port, task), LONGEST_SECONDS, f"The start of {path}")
    return task


def is_running(port: int, task: str) -> bool:
    """Tell whether the task is running now."""
    return bool(ask(port, "GET", task)["state"] == "running")


def measure_once(variant: Variant, port: int, seconds: int) -> None:
    """Ask while the task runs, then cancel it."""
    task = submit(port, variant.path) if variant.path else None
    loop = OpenLoop(port, project.ASK_LIVE, RATE)
    latencies = uvloop.run(loop.run(seconds))
    if task:
        if not is_running(port, task):
            raise SystemExit(f"{variant.name} ended too soon: choose fewer --seconds")
        ask(port, "DELETE", task)
        until(lambda: not is_running(port, task), LONGEST_SECONDS, "To cancel the task")
    variant.p50.append(percentile(latencies, 0.50))
    variant.p99.append(percentile(latencies, 0.99))


def measure_all(measured: list[Variant], folder: Path, options: argparse.Namespace) -> None:
    """Start both engines, then measure each variant once a round."""
    baked = bake(folder)
    with (baked / "app/tasks/kinds/__init__.py").open("a") as kinds:
        kinds.write(SPIN)
    with ExitStack() as exits:
        ports = {
            "background": ours(Stack(folder / "background", baked, exits)).port,
            "celery": ours_on_celery(Stack(folder / "celery", baked, exits)).port,
        }
        for _ in measure.progress(range(options.rounds), "Measuring"):
            for variant in random.sample(measured, len(measured)):
                measure_once(variant, ports[variant.engine], options.seconds)


def table(measured: list[Variant]) -> str:
    """Return the table, with a row for each variant."""
    rows = []
    for variant in measured:
        ratio = paired(variant.p99, measured[0].p99)
        times = "1" if variant is measured[0] else ratio.text(1)
        latencies = [spread(variant.p50).text(1), spread(variant.p99).text(1)]
        rows.append([variant.name, f"`{variant.engine}`", *latencies, times])
    return markdown(COLUMNS, rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--rounds", type=at_least_one, default=10, help="for each row (10)")
    parser.add_argument("--seconds", type=at_least_one, default=2, help="of a round (2)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, and print the table."""
    measured = variants()
    with project.scratch_folder() as folder:
        measure_all(measured, folder, options)
    measure.say(table(measured))

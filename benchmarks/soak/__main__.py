"""Serve for a long time under mixed load while things go wrong, and check all that was promised.

Two servers, one of them with two processes; with Celery also two workers, Redis and Postgres.
Exit status 1 if anything is not as it must be. `--logs` keeps what the programs said.
"""

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

from benchmarks import measure, project
from benchmarks.ending import guarded
from benchmarks.measure import at_least_one, markdown, note
from benchmarks.soak.end import look_at_files, read_all
from benchmarks.soak.faults import OF_ENGINE, Fault, Scene, choose
from benchmarks.soak.load import FLOWERS, Client
from benchmarks.soak.record import STOPPED, Json, Record, checks, ready_again
from benchmarks.soak.stage import Stage
from benchmarks.tasks.stack import ask, bake

CLIENTS = 40
QUIET_SECONDS = 10
FAULT_SECONDS = 7  # on average
SHOWN = 10
COLUMNS = ["fault", "times", "503", "no answer", "ready again after s, at most"]


async def soak(stage: Stage, chosen: list[Fault], quiet: float, seed: int) -> Record:
    """Let the clients do what they do until all has happened, then read everything back."""
    random, record = Random(seed), Record()  # noqa: S311
    right = [predict(stage.ports[0], flower) for flower in FLOWERS]

    def client() -> Client:
        return Client(stage.ports, record, Random(random.random()), right)  # noqa: S311

    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client().run(end))
        for port in stage.ports:
            group.create_task(client().probe(port, end))
        await asyncio.to_thread(play, Scene(stage, record, random), chosen, quiet)
        end.set()
    await read_all(client(), record)
    return record


def predict(port: int, flower: Json) -> Json:
    """Ask what is right, before anything goes wrong."""
    body = str(flower).replace("'", '"').encode()
    return ask(port, "POST", project.PREDICT, body, Content_Type="application/json")


def play(scene: Scene, chosen: Sequence[Fault], quiet: float) -> None:
    """Let one thing after the other go wrong, with quiet moments between."""
    time.sleep(quiet)
    measure_usage(scene)
    for fault in measure.progress(chosen, "Soaking"):
        fault.happen(scene)
        time.sleep(QUIET_SECONDS)
        measure_usage(scene)


def measure_usage(scene: Scene) -> None:
    """Note what each program holds."""
    for program in scene.stage.programs:
        scene.record.usages.setdefault(program.name, []).append(program.usage())


def of_faults(record: Record) -> str:
    """Return a table with a row for each fault that happened."""
    rows = []
    for name in sorted({window.name for window in record.windows}):
        windows = [window for window in record.windows if window.name == name]
        around = [a for a in record.refused if any(w.touches(a.sent, a.answered) for w in windows)]
        busy = sum(": 503" in answer.what for answer in around)
        again = [ready_again(w, probes) for w in windows for probes in record.probes.values()]
        slowest = max((seconds for seconds in again if seconds is not None), default=0.0)
        rows.append([name, *map(str, (len(windows), busy, len(around) - busy)), f"{slowest:.1f}"])
    return markdown(COLUMNS, rows)


def of_checks(found: dict[str, list[str]]) -> str:
    """Return a table with a row for each check."""
    rows = [[check, str(len(lines) or "none")] for check, lines in found.items()]
    return markdown(["what must be true", "exceptions"], rows)


def of_usage(record: Record) -> str:
    """Return a table of what each program held after the first quiet minute, and at the end."""
    rows = []
    for name, usages in record.usages.items():
        first, last = vars(usages[0]), vars(usages[-1])
        rows.append([name, *(f"{first[key]:.0f}, then {last[key]:.0f}" for key in first)])
    return markdown(["program", "MB", "open files", "threads"], rows)


def report(record: Record, seconds: float, cpu: tuple[float, float]) -> bool:
    """Print everything; return whether all is well."""
    count = sum(record.answers.values())
    measure.say(
        f"{count:,} requests in {seconds:,.0f} s; {len(record.tasks):,} tasks, "
        f"{len(record.rows):,} of them CSVs with {sum(map(len, record.rows.values())):,} rows; "
        f"{len(record.predictions):,} predictions stored. Of a core, the servers took "
        f"{cpu[0] / seconds:.0%} and the clients {cpu[1] / seconds:.0%}.\n"
    )
    found = checks(record)
    for table in (of_faults(record), of_usage(record), of_checks(found)):
        measure.say(table)
    for check, lines in found.items():
        for line in lines[:SHOWN]:
            note(f"{check}: {line}")
    return not any(found.values())


def keep(record: Record, path: Path) -> None:
    """Write down when what went wrong, and which requests were refused or late."""
    lines = [(w.began, w.ended, w.name) for w in record.windows]
    lines += [(a.sent, a.answered, a.what) for a in [*record.refused, *record.late]]
    path.write_text("".join(f"{a:.1f} to {b:.1f}: {what}\n" for a, b, what in sorted(lines)))


def cpu_seconds(whose: int) -> float:
    """Return the CPU time of this process, or of the children that have ended."""
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Soak, report, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=at_least_one, default=20, help="about how long (20)")
    parser.add_argument("--engine", choices=[*OF_ENGINE], default="background", help="of the tasks")
    parser.add_argument("--seed", type=int, default=1, help="what happens, and when (1)")
    parser.add_argument("--logs", type=Path, help="a folder for what the programs say")
    options = parser.parse_args()
    quiet = min(60, 15 * options.minutes)
    count = (60 * options.minutes - quiet) // (QUIET_SECONDS + FAULT_SECONDS)
    chosen = choose(options.engine, count, Random(options.seed))  # noqa: S311
    with project.scratch_folder() as folder, ExitStack() as exits:
        logs = options.logs or folder
        logs.mkdir(parents=True, exist_ok=True)
        stage = Stage(folder, logs, bake(folder), exits)
        before = [cpu_seconds(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
        began = time.monotonic()
        stage.open(options.engine)
        record = asyncio.run(soak(stage, chosen, quiet, options.seed))
        for program in stage.programs:
            if status := program.stop():
                record.wrong(STOPPED, f"{program.name}, at the end: {status}")
        look_at_files(stage, record)
        keep(record, logs / "refused.txt")
        after = [cpu_seconds(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
        seconds = time.monotonic() - began
    servers, clients = (then - now for now, then in zip(before, after, strict=True))
    sys.exit(0 if report(record, seconds, (servers, clients)) else 1)


if __name__ == "__main__":
    guarded(main)

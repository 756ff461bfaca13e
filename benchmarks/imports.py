"""How long the service takes to import, and to answer its first prediction.

`import app.main` is timed next to the import of the libraries that the service cannot do without,
each in a new process, one after the other, in the generated project's own environment.
"""

import asyncio
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measure, project
from benchmarks.ending import guarded
from benchmarks.measure import markdown, paired, spread, verdict

LIBRARIES = "import fastapi, pydantic_settings, onnxruntime, sqlite3"
APP = "import app.main"
TARGET = 1.20
STARTS = 7
COLUMNS = ["a new process", "seconds", "CPU seconds", "ratio", "ratio of CPU time", "target"]


@dataclass
class Import:
    """The times of one import statement, each as a whole process."""

    statement: str
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self, python: Path, folder: Path) -> None:
        """Run it once more."""
        before = children_cpu()
        self.wall.append(project.run([python, "-c", self.statement], folder))
        self.cpu.append(children_cpu() - before)


def children_cpu() -> float:
    """Return the CPU seconds of every process that was started from here and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def install(baked: Path) -> Path:
    """Install what serving needs, as a deployment does; without uv, return this Python."""
    uv = project.find_uv()
    if uv is None:
        measure.note("No uv here: measured in the template's own environment")
        return Path(sys.executable)
    sync = [uv, "sync", "--quiet", "--no-default-groups", "--python", sys.executable]
    project.run(sync, baked)
    return project.interpreter(baked)


def time_imports(python: Path, baked: Path, rounds: int) -> list[Import]:
    """Time the libraries and the app in turn; the first round only writes the .pyc files."""
    for statement in (LIBRARIES, APP):
        project.run([python, "-c", statement], baked)
    imports = [Import(LIBRARIES), Import(APP)]
    for _ in measure.progress(range(rounds), "Importing"):
        for one in imports:
            one.measure(python, baked)
    return imports


def time_start(python: Path, baked: Path) -> float:
    """Return the seconds from the start of `python -m app` to its first prediction."""
    port, log = project.free_port(), baked.with_name("start.log")
    began = time.perf_counter()
    with project.started([python, "-m", "app"], baked, log, {"PORT": str(port)}) as process:
        asyncio.run(project.first_answer(process, port, project.ASK_PREDICT, log))
        return time.perf_counter() - began


def table(imports: list[Import], starts: list[float]) -> str:
    """Return the table, with a row for each kind of process."""
    libraries, app = imports
    wall, cpu = paired(app.wall, libraries.wall), paired(app.cpu, libraries.cpu)
    result = verdict(wall.median, TARGET)
    rows = [
        [f"`{one.statement}`", spread(one.wall).text(2), f"{spread(one.cpu).median:.2f}", *more]
        for one, more in (
            (libraries, ["1", "1", ""]),
            (app, [wall.text(2), cpu.text(2), result]),
        )
    ]
    start = ["`python -m app` to its first prediction", spread(starts).text(2), "", "", "", ""]
    return markdown(COLUMNS, [*rows, start])


def main() -> None:
    """Bake the project, install it, measure, and print the table."""
    rounds = measure.options(__doc__, 15, "pairs of imports").rounds
    with project.scratch_folder() as folder:
        baked = project.bake(folder)
        python = install(baked)
        imports = time_imports(python, baked, rounds)
        starts = measure.progress(range(min(rounds, STARTS)), "Starting")
        measure.say(table(imports, [time_start(python, baked) for _ in starts]))


if __name__ == "__main__":
    guarded(main)

"""A benchmark leaves nothing behind: no process, however it ends, and no change in this project."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.serving.__main__ import FOLDER
from benchmarks.serving.alternatives import Alternative, Command
from benchmarks.serving.prepare import make
from benchmarks.soak import end, record
from benchmarks.soak.load import HEADER, line
from benchmarks.soak.stage import Usage
from support import ROOT, clean_environment, run, tree, uv

# Starts a process in a session of its own whose parent ends at once, and one that is stopped.
BENCHMARK = """
import os, subprocess, sys, time
from pathlib import Path
from benchmarks.ending import guarded

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
AWAY = "import subprocess as s, sys; p = s.Popen(sys.argv[1:], stdout=2, start_new_session=1)"

def main():
    begin = [sys.executable, "-c", AWAY + "; print(p.pid)", *SLEEP]
    away = subprocess.run(begin, stdout=subprocess.PIPE, check=True)
    stopped = subprocess.Popen(SLEEP)
    os.kill(stopped.pid, 19)
    pids = [os.getppid(), os.getpid(), int(away.stdout), stopped.pid]
    Path(sys.argv[1]).with_suffix(".new").write_text(" ".join(map(str, pids)))
    Path(sys.argv[1]).with_suffix(".new").rename(sys.argv[1])
    time.sleep(600)

if __name__ == "__main__":
    guarded(main)
"""


@pytest.fixture
def benchmark(tmp_path: Path) -> Iterator[list[psutil.Process]]:
    """Start one; give the process that watches it, itself, and the two that it has started."""
    script, said = tmp_path / "benchmark.py", tmp_path / "pids"
    script.write_text(BENCHMARK)
    environment = clean_environment(PYTHONPATH=str(ROOT))
    command = [sys.executable, str(script), str(said)]
    processes: list[psutil.Process] = []
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while not said.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            processes += [psutil.Process(int(pid)) for pid in said.read_text().split()]
            assert processes[0].pid == process.pid
            yield processes
        finally:
            process.kill()
            for left in processes:
                with suppress(psutil.NoSuchProcess):
                    left.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the others have no such parents")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("which", [0, 1], ids=["the one that watches", "the benchmark itself"])
def test_a_benchmark_that_is_ended_leaves_no_process(
    benchmark: list[psutil.Process], which: int, number: signal.Signals
) -> None:
    os.kill(benchmark[which].pid, number)
    _, left = psutil.wait_procs(benchmark, timeout=60)
    assert left == []


def test_every_benchmark_is_ended_like_this() -> None:
    """Only what is started by one, and starts nothing itself, does not watch over itself."""
    others = {"load.py", "canned.py", "litserve_app.py", "versions.py"}
    for path in (ROOT / "benchmarks").rglob("*.py"):
        _, main, body = path.read_text("utf-8").partition('if __name__ == "__main__":\n')
        assert not main or path.name in others or body == "    guarded(main)\n", path


# What the generator fastapi-new does.
INIT = Alternative("new", "new", [Command(("{uv}", "init", "--quiet", "service"))])


def test_alternatives_are_made_outside_of_this_repository(tmp_path: Path) -> None:
    assert not FOLDER.resolve().is_relative_to(ROOT)
    project = tmp_path / "project"
    run([uv(), "init", "--quiet", project], tmp_path)
    before = {name: (project / name).read_bytes() for name in tree(project)}
    with pytest.raises(SystemExit, match=f"lies in the project {project}: choose another --folder"):
        make(INIT, project / "build" / "alternatives", sys.executable)
    assert {name: (project / name).read_bytes() for name in tree(project)} == before
    make(INIT, tmp_path / "alternatives", sys.executable)
    assert (tmp_path / "alternatives" / "service" / "pyproject.toml").exists()


def a_good_soak() -> record.Record:
    """Return the record of a soak in which a fault came and went, and all was well."""
    task = {"id": "one", "state": "succeeded", "result": None}
    window = record.Window("a lock", unready=True, began=100, ended=110)
    probes = [(99.0, True), (102.0, True), (108.0, False), (111.0, True)]
    quiet = Usage(megabytes=100, files=20, threads=10)
    good = record.Record(tasks={"one": {"succeeded"}}, windows=[window], probes={80: probes})
    good.usages = {"server": [quiet] * 9}
    good.refused = [record.Answer(105, 107, "503")]
    good.see(task)
    good.see(task)
    return good


def test_a_soak_in_which_all_was_well_passes() -> None:
    assert not any(record.checks(a_good_soak()).values())


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda soak: soak.tasks.update(two={"succeeded"}), record.TASKS),
        (lambda soak: soak.tasks.update(one={"failed"}), record.TASKS),
        (lambda soak: soak.see({"id": "one", "state": "dead", "result": None}), record.ONCE),
        (lambda soak: soak.refused.append(record.Answer(90, 92, "503")), record.REFUSED),
        (lambda soak: soak.late.append(record.Answer(101, 109, "200")), record.LATE),
        (lambda soak: soak.probes[80].insert(2, (107.0, True)), record.READY),
        (lambda soak: soak.probes[80].pop(), record.READY),
        (lambda soak: soak.usages["server"].append(Usage(120, 20, 10)), record.MEMORY),
        (lambda soak: soak.usages.update(s=[Usage(9 + n, 1, 1) for n in range(9)]), record.GROWTH),
    ],
)
def test_a_soak_finds_what_is_wrong(spoil: Callable[[record.Record], object], check: str) -> None:
    soak = a_good_soak()
    spoil(soak)
    assert [name for name, lines in record.checks(soak).items() if lines] == [check]


def test_a_soak_compares_each_row_of_a_result() -> None:
    rows, right = [1, 0], [{"label": "a", "probabilities": {"a": 0.75, "b": 0.25}}] * 2
    lines = [f"{line(n, number)},a,0.750000,0.250000" for n, number in enumerate(rows)]
    header = f"{HEADER},label,probability_a,probability_b"

    def difference(*lines: str) -> str | None:
        return end.difference("\n".join([header, *lines, ""]), rows, right)

    assert difference(*lines) is None
    assert difference(lines[0]) == "1 rows instead of 2"
    assert difference(*reversed(lines)) == f"row 0 is {lines[1]}"
    assert difference(lines[0], lines[1].replace(",a,", ",b,"))
    assert difference(lines[0], lines[1].replace("0.25", "0.24"))

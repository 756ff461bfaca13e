"""A benchmark leaves nothing behind: no process, however it ends, and no change in this project."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.serving.__main__ import FOLDER
from benchmarks.serving.alternatives import Alternative, Command
from benchmarks.serving.prepare import make
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
    others = {"load.py", "canned.py", "litserve_app.py"}
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

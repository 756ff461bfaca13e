"""Swap the versions of a model under load, serve broken ones, kill in the middle, roll back.

The generated project with two processes, asked by 16 clients all the time. A version is swapped by
`python -m app.models use`, or by what a training writes, in turn. A kill is a SIGKILL of a worker
while the versions are being swapped, or of that command, in turn. Exit status 1 if a request failed
that no kill of its worker explains, or if anything else is not as it must be.
"""

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

from benchmarks import project
from benchmarks.ending import guarded
from benchmarks.measure import at_least_one, markdown, note, progress, say
from benchmarks.swaps.clients import CLIENTS, Record, run_client

WORKERS = 2
LONGEST_SECONDS = 60
SETTLED_SECONDS = 0.7  # in which nothing but the new version has answered
COMMAND = [sys.executable, "-m", "app.models"]
LONGEST_COMMAND_SECONDS = 1.0  # in which it is killed, after its start
LOOK_SECONDS = 1.3  # a little more than a worker needs to notice a version
ROLLBACKS = 5
ROLLBACK_TARGET_SECONDS = 3


@dataclass
class Scene:
    """The project that serves, and what is known of it."""

    folder: Path
    port: int
    log: Path
    server: project.Process
    record: Record
    swaps: list[float] = field(default_factory=list)  # seconds, since the version was named
    rollbacks: list[float] = field(default_factory=list)  # since the version was named
    commands: list[float] = field(default_factory=list)  # seconds of `rollback` until then
    replaced: list[float] = field(default_factory=list)  # seconds until another worker served
    refused: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def current(self) -> Path:
        """The file that names the version."""
        return self.folder / "var" / "models" / "iris" / "current"

    @property
    def served(self) -> str:
        """The version that is named."""
        return self.current.read_text("utf-8").split("\n")[0]

    def name(self, versions: str) -> None:
        """Name the version to be served, and those before it, without asking whether it is fit."""
        draft = self.current.with_name("current.new")
        draft.write_text(versions, "utf-8")
        draft.replace(self.current)

    def logged(self, words: str) -> int:
        """Return how many lines of the log have these words."""
        return self.log.read_text("utf-8").count(words)

    def workers(self) -> list[int]:
        """Return the processes that serve."""
        children = psutil.Process(self.server.pid).children()
        return [c.pid for c in children if "resource_tracker" not in " ".join(c.cmdline())]


def wait(what: Callable[[], object], why: str) -> None:
    """Return once this is true; give up after a long while."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not what():
        if time.monotonic() > deadline:
            sys.exit(f"After {LONGEST_SECONDS} s: {why}")
        time.sleep(0.02)


def make(folder: Path, *words: object) -> list[tuple[str, object]]:
    """Make versions; return them, with what there is to know."""
    command = [sys.executable, "-m", "benchmarks.swaps.versions", *map(str, words)]
    environment = project.clean_environment(PYTHONPATH=f"{project.ROOT}:{folder}")
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return [(version, known) for version, known in json.loads(done.stdout)]


def settle(scene: Scene, version: str, begun: float) -> float:
    """Wait until every worker answers by this version; return the seconds until the last did."""

    def settled() -> bool:
        answers = scene.record.since(time.time() - SETTLED_SECONDS)
        return len(answers) > CLIENTS and {one.version for one in answers} == {version}

    wait(settled, f"{version} does not answer everywhere")
    late = [one.ended for one in scene.record.since(begun) if one.version != version]
    return max(late, default=begun) - begun


def command(scene: Scene, *words: str) -> subprocess.Popen[bytes]:
    """Start the command for versions."""
    environment = project.clean_environment()
    out = subprocess.DEVNULL
    return subprocess.Popen([*COMMAND, *words], cwd=scene.folder, env=environment, stdout=out)


def swap(scene: Scene, number: int, version: str) -> None:
    """Serve another version, by the command or as a training does; wait until it answers."""
    if number % 2:
        if command(scene, "use", version).wait():
            scene.faults.append(f"`use {version}` failed")
    else:
        make(scene.folder, "good", number)
    scene.swaps.append(settle(scene, version, scene.current.stat().st_mtime))


def serve_broken(scene: Scene, version: str, kind: str) -> None:
    """Name an unfit version; wait until every worker has refused it, and name the good one."""
    good, before = scene.current.read_text("utf-8"), scene.logged("version_refused")
    scene.name(f"{version}\n{good}")
    wait(lambda: scene.logged("version_refused") >= before + WORKERS, f"{kind}: not refused")
    scene.refused[kind] = scene.refused.get(kind, 0) + 1
    scene.name(good)


def kill_worker(scene: Scene, version: str) -> None:
    """Kill a worker while it notices, loads or swaps a version; wait until another one serves."""
    said, started = scene.current.stat().st_mtime, scene.logged("startup complete")
    using = command(scene, "use", version)
    wait(lambda: scene.current.stat().st_mtime != said, f"{version} was not named")
    time.sleep(random.uniform(0, LOOK_SECONDS))  # noqa: S311
    victim = random.choice(scene.workers())  # noqa: S311
    scene.record.kills.append(time.time())
    psutil.Process(victim).send_signal(signal.SIGKILL)
    wait(lambda: scene.logged("startup complete") > started, "no other worker started")
    scene.replaced.append(time.time() - scene.record.kills[-1])
    using.wait()
    settle(scene, version, time.time())


def kill_command(scene: Scene, version: str) -> None:
    """Kill the command before it ends; the old version answers or the new one, and it works."""
    before = scene.served
    using = command(scene, "use", version)
    with suppress(subprocess.TimeoutExpired):
        using.wait(random.uniform(0.1, LONGEST_COMMAND_SECONDS))  # noqa: S311
    using.kill()
    using.wait()
    if scene.served not in (before, version):
        scene.faults.append(f"a killed command left {scene.served!r}")
    settle(scene, scene.served, time.time())
    if command(scene, "use", version).wait():
        scene.faults.append(f"`use {version}` failed after one that was killed")
    settle(scene, version, time.time())


def roll_back(scene: Scene) -> None:
    """Roll back; note what the command took, and then the seconds until the last other answer."""
    before, begun = scene.served, time.time()
    if command(scene, "rollback").wait() or scene.served == before:
        scene.faults.append("`rollback` failed")
    named = scene.current.stat().st_mtime
    scene.commands.append(named - begun)
    scene.rollbacks.append(settle(scene, scene.served, named))


def play(scene: Scene, o: argparse.Namespace) -> None:
    """Let it all happen, one after the other."""
    broken = make(scene.folder, "broken", 0, o.broken)
    good = [*scene.record.right]
    steps: list[Callable[[], None]] = []
    for n in range(max(o.swaps, o.broken, o.kills)):
        version, other = good[n % o.swaps], good[n % o.swaps - 2]
        if n < o.swaps:
            steps.append(lambda n=n, v=version: swap(scene, n % o.swaps, v))  # type: ignore[misc]
        if n < o.broken:
            steps.append(lambda b=broken[n]: serve_broken(scene, *b))  # type: ignore[misc]
        if n < o.kills:
            kill = kill_command if n % 2 else kill_worker
            steps.append(lambda kill=kill, v=other: kill(scene, v))  # type: ignore[misc]
    steps += [lambda: roll_back(scene)] * ROLLBACKS
    for step in progress(steps, "Swapping"):
        step()
    while len(scene.record.asked) < o.requests:
        time.sleep(0.1)


async def under_load(scene: Scene, o: argparse.Namespace) -> None:
    """Ask all the time while it happens."""
    end = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(run_client(scene.port, scene.record, end))
        try:
            await asyncio.to_thread(play, scene, o)
        finally:
            end.set()


def seconds_of(measured: list[float]) -> str:
    """Return all of them."""
    return ", ".join(f"{seconds:.1f}" for seconds in measured)


def report(scene: Scene, seconds: float) -> bool:
    """Print everything; return whether all is well."""
    record = scene.record
    rows = [
        ("requests", f"{len(record.asked):,} in {seconds:,.0f} s"),
        ("swaps", f"{len(scene.swaps)}, done after {max(scene.swaps):.1f} s at most"),
        ("broken versions refused", f"{sum(scene.refused.values())}"),
        ("kinds of them", f"{len(scene.refused)}"),
        ("workers killed", f"{len(record.kills)}"),
        ("another one served after s", seconds_of(scene.replaced)),
        ("requests failed, or answered wrongly", f"{len(record.failed)}"),
        ("requests cut with a killed worker", f"{len(record.cut)}"),
        ("`rollback` named the version before after s", seconds_of(scene.commands)),
        ("and then it answered everywhere after s", seconds_of(scene.rollbacks)),
    ]
    say(markdown(["what", "found"], rows))
    took = [sum(both) for both in zip(scene.commands, scene.rollbacks, strict=True)]
    if max(took) >= ROLLBACK_TARGET_SECONDS:
        scene.faults.append(f"a rollback took {max(took):.1f} s")
    for fault in [*scene.faults, *map(record.tell, record.failed[:10])]:
        note(f"Not as it must be: {fault}")
    return not (scene.faults or record.failed)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count, what in (
        ("requests", 10_000, "at least"),
        ("swaps", 20, "of good versions"),
        ("broken", 20, "versions that are unfit"),
        ("kills", 5, "in the middle of a swap"),
    ):
        parser.add_argument(f"--{name}", type=at_least_one, default=count, help=f"{what} ({count})")
    return parser.parse_args()


def main() -> None:
    """Serve a project, and do all that to it."""
    o = read_options()
    with project.scratch_folder() as scratch:
        folder = project.bake(scratch)
        right = {version: float(str(p)) for version, p in make(folder, "good", 0, o.swaps)}
        port, log = project.free_port(), scratch / "log"
        settings = {"PORT": str(port), "WORKERS": str(WORKERS), "ACCESS_LOG": "false"}
        server = [sys.executable, "-m", "app"]
        with project.started(server, folder, log, settings) as process:
            project.wait_for_answer(process, port, project.ASK_PREDICT, log)
            scene = Scene(folder, port, log, process, Record(right))
            wait(lambda: scene.logged("startup complete") >= WORKERS, f"no {WORKERS} workers")
            begun = time.monotonic()
            uvloop.run(under_load(scene, o))
            seconds = time.monotonic() - begun
            process.terminate()
            if process.wait(timeout=LONGEST_SECONDS):
                scene.faults.append("the service did not stop in order")
        if not report(scene, seconds):
            sys.exit(1)


if __name__ == "__main__":
    guarded(main)

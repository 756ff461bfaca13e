"""The faults: each one lasts for as long as its function, and is over when that returns."""

import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from random import Random

import psutil

from benchmarks.soak.record import STOPPED, Record, Window
from benchmarks.soak.stage import LEASE_SECONDS, STORAGE_SECONDS, Program, Stage

HOUR = 3600
LASTING = 4 * STORAGE_SECONDS  # of what is to be noticed by /health/ready
PAST_THE_LEASE = LEASE_SECONDS + 5  # with the two seconds of grace, and a sweep
SHIFT = """
    UPDATE tasks SET lease_ends_at = lease_ends_at + {by}, due_at = due_at + {by},
        dispatched_at = dispatched_at + {by}
    WHERE state IN ('queued', 'running')
"""


@dataclass
class Scene:
    """What a fault may touch."""

    stage: Stage
    record: Record
    random: Random

    @property
    def program(self) -> Program:
        """A server or a worker."""
        return self.random.choice(self.stage.programs)


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong."""

    name: str
    act: Callable[[Scene], None]
    unready: bool = False
    frozen: bool = False

    def happen(self, scene: Scene) -> None:
        """Let it happen, and note from when to when."""
        scene.record.windows.append(window := Window(self.name, self.unready, self.frozen))
        self.act(scene)
        window.ended = time.monotonic()


def killed(scene: Scene) -> None:
    """Kill a program with all its processes, and start it again."""
    program = scene.program
    program.kill()
    program.start()
    scene.stage.wait_until_ready()


def child_killed(scene: Scene) -> None:
    """Kill one process of several; the first one replaces it."""
    several = [program for program in scene.stage.programs if program.children()]
    scene.random.choice(scene.random.choice(several).children()).kill()
    time.sleep(1)
    scene.stage.wait_until_ready()


def frozen(scene: Scene) -> None:
    """Stop a program for longer than a lease, and let it go on."""
    program = scene.program
    program.send(signal.SIGSTOP)
    time.sleep(PAST_THE_LEASE)
    program.send(signal.SIGCONT)


def restarted(scene: Scene) -> None:
    """Stop and start one program after the other, as when a new version is rolled out."""
    for program in scene.stage.programs:
        if status := program.stop():
            scene.record.wrong(STOPPED, f"{program.name}: {status}")
        program.start()
        scene.stage.wait_until_ready()


def reloaded(scene: Scene) -> None:
    """Have the second server replace its processes, as for a new model."""
    server = scene.stage.servers[1]
    before = server.children()
    server.tree()[0].send_signal(signal.SIGHUP)
    psutil.wait_procs(before, timeout=30)
    if left := [process.pid for process in before if process.is_running()]:
        scene.record.wrong(STOPPED, f"SIGHUP, but these go on: {left}")
    scene.stage.wait_until_ready()


def unread(scene: Scene) -> None:
    """Let nobody read a program's log."""
    program = scene.program
    program.reading.clear()
    time.sleep(LASTING)
    program.reading.set()


def clock_set_forward(scene: Scene) -> None:
    """Let all times in the database seem older, as a step of its clock does."""
    scene.stage.execute(SHIFT.format(by=-HOUR))


def clock_set_back(scene: Scene) -> None:
    """Let them lie in the future."""
    scene.stage.execute(SHIFT.format(by=HOUR))


def locked(scene: Scene) -> None:
    """Hold SQLite's lock from another program."""
    with closing(sqlite3.connect(scene.stage.database, 30, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(LASTING)
        other.execute("ROLLBACK")


def full(scene: Scene) -> None:
    """Let no file grow, as when the disk is full."""
    try:
        limit_files(scene, 0)
        time.sleep(LASTING)
    finally:
        limit_files(scene, resource.RLIM_INFINITY)


def limit_files(scene: Scene, size: int) -> None:
    """Limit the size of files in all processes."""
    for process in (process for program in scene.stage.programs for process in program.tree()):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def postgres_frozen(scene: Scene) -> None:
    """Let Postgres fall silent."""
    with scene.stage.postgres.frozen():
        time.sleep(LASTING)


def postgres_restarted(scene: Scene) -> None:
    """Stop Postgres as a crash does, and start it."""
    scene.stage.postgres.stop()
    time.sleep(LASTING)
    scene.stage.postgres.start()


def redis_frozen(scene: Scene) -> None:
    """Let Redis fall silent."""
    scene.stage.redis.freeze()
    time.sleep(PAST_THE_LEASE)
    scene.stage.redis.thaw()


def redis_restarted(scene: Scene) -> None:
    """Let Redis forget everything."""
    scene.stage.redis.stop()
    time.sleep(STORAGE_SECONDS)
    scene.stage.redis.start()


FAULTS = [
    Fault("`kill -9` of a server or worker, restarted", killed),
    Fault("`kill -9` of one process of several", child_killed),
    Fault("`SIGSTOP` for longer than a lease", frozen, frozen=True),
    Fault("`SIGTERM` and a start, one after the other", restarted),
    Fault("`SIGHUP`", reloaded),
    Fault("a log that nobody reads", unread),
    Fault("the clock an hour forward", clock_set_forward),
    Fault("the clock an hour back", clock_set_back),
]
OF_ENGINE = {
    "background": [
        Fault("the SQLite file locked", locked, unready=True),
        Fault("a full disk", full, unready=True),
    ],
    "celery": [
        Fault("Postgres frozen", postgres_frozen, unready=True),
        Fault("Postgres crashed and restarted", postgres_restarted, unready=True),
        Fault("Redis frozen", redis_frozen),
        Fault("Redis killed and restarted", redis_restarted),
    ],
}


def choose(engine: str, count: int, random: Random) -> list[Fault]:
    """Return so many faults: all of them in random order, again and again."""
    chosen: list[Fault] = []
    while len(chosen) < count:
        possible = [*FAULTS, *OF_ENGINE[engine]]
        chosen += random.sample(possible, len(possible))
    return chosen[:count]

"""Who loses what after the same kill: `kill -9` in the middle of twelve tasks of two seconds.

Each row has processes of its own: two that run tasks, of which one is killed. They all run at the
same time, for a minute after the kill; that is enough for a lease of 30 seconds, but not for
Celery's visibility timeout of an hour. What the broker still has then comes back after that hour.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import psutil
import redis

from benchmarks import measure, project
from benchmarks.measure import at_least_one, markdown, note
from benchmarks.tasks import stack as stacks
from benchmarks.tasks.stack import WAIT, Stack, ask, bake
from benchmarks.tasks.starts import started_twice

TASKS = 12
SECONDS = 2
BEFORE_KILL_SECONDS = 1
COLUMNS = ["engine", "killed with -9", "done", "failed", "back after 1 h", "lost", "started again"]


@dataclass
class Fate:
    """What had happened to the tasks when the time was over."""

    done: int = 0
    failed: int = 0
    waiting: int = 0
    started_again: float | None = None  # seconds from the kill

    def cells(self) -> list[str]:
        """Return the cells for the table."""
        lost = TASKS - self.done - self.failed - self.waiting
        again = "never" if self.started_again is None else f"after {self.started_again:.1f} s"
        return [*(str(count) for count in (self.done, self.failed, self.waiting, lost)), again]


@dataclass
class Scenario:
    """One way to run tasks, and one way to kill half of it."""

    name: str
    killed: str
    make: Callable[[Stack], Stack]
    kill: Callable[[Stack], None]
    look: Callable[[Stack], Fate]
    settings: dict[str, str] = field(default_factory=dict)
    fate: Fate = field(default_factory=Fate)


def scenarios() -> list[Scenario]:
    """Return this template first, then the same kills for what people install instead."""
    late = {"ACKS_LATE": "1"}
    here, there = "this, `background`", "this, `celery`"
    early_name, late_name = "Celery on Redis as it comes", "Celery, `acks_late`, reject on loss"
    child, worker = "a pool process", "a whole worker"
    return [
        Scenario(here, "one of two servers", two_servers, kill_first_server, fate_in_database),
        Scenario(there, child, two_of_our_workers, kill_pool_process, fate_in_database),
        Scenario(there, worker, two_of_our_workers, kill_worker, fate_in_database),
        Scenario(early_name, child, two_workers, kill_pool_process, fate_in_redis),
        Scenario(early_name, worker, two_workers, kill_worker, fate_in_redis),
        Scenario(late_name, child, two_workers, kill_pool_process, fate_in_redis, late),
        Scenario(late_name, worker, two_workers, kill_worker, fate_in_redis, late),
        Scenario(
            "`BackgroundTasks`", "one of two servers", two_plain, kill_first_server, fate_in_dict
        ),
    ]


def two_servers(stack: Stack) -> Stack:
    """Start two servers, with as many places as the other engines have."""
    stack.settings["TASK_CONCURRENCY"] = str(stacks.POOL)
    return stacks.ours(stack, 2)


def two_of_our_workers(stack: Stack) -> Stack:
    """Start a server and two workers."""
    return stacks.ours_on_celery(stack, 2)


def two_workers(stack: Stack) -> Stack:
    """Start a server and two workers."""
    return stacks.celery(stack, 2)


def two_plain(stack: Stack) -> Stack:
    """Start two servers that know nothing of each other."""
    return stacks.plain(stack, 2)


def kill_first_server(stack: Stack) -> None:
    """Kill the first of two."""
    stack.processes[0].kill()


def kill_pool_process(stack: Stack) -> None:
    """Kill a process that a worker has forked; Redis came first, then the workers."""
    children = psutil.Process(stack.processes[1].pid).children()
    min(children, key=lambda child: child.cpu_times().user).kill()


def kill_worker(stack: Stack) -> None:
    """Kill the worker and what it has forked, as when its machine goes away."""
    worker = psutil.Process(stack.processes[1].pid)
    for process in [worker, *worker.children(recursive=True)]:
        process.kill()


def fate_in_database(stack: Stack) -> Fate:
    """Return what this template's database says."""
    done, failed = stack.rows("state = 'succeeded'"), stack.rows("state IN ('failed', 'dead')")
    again = time.time() if stack.rows("attempts > 1") else None
    return Fate(done, failed, TASKS - done - failed, again)


def fate_in_redis(stack: Stack) -> Fate:
    """Return what Celery keeps in Redis: results in one database, queue and debts in another."""
    port = int(stack.settings["REDIS_URL"].rpartition(":")[2])
    results, broker = redis.Redis(port=port, db=1), redis.Redis(port=port, db=0)
    states = [results.get(key) or b"" for key in results.keys("celery-task-meta-*")]
    done = sum(b'"SUCCESS"' in state for state in states)
    waiting = int(broker.llen("celery")) + int(broker.hlen("unacked"))
    return Fate(done, len(states) - done, waiting, min(started_twice(stack.starts), default=None))


def fate_in_dict(stack: Stack) -> Fate:
    """Return what the remaining server knows."""
    return Fate(stack.finished(), started_again=min(started_twice(stack.starts), default=None))


def play(scenario: Scenario, stack: Stack, seconds: int) -> None:
    """Submit to each server in turn, kill, and look on until the time is over."""
    for number in range(TASKS):
        port = stack.apis[number % len(stack.apis)]
        ask(port, "POST", WAIT, b'{"seconds": %d}' % SECONDS, Content_Type="application/json")
    time.sleep(BEFORE_KILL_SECONDS)
    scenario.kill(stack)
    killed, again = time.time(), None
    while time.time() < killed + seconds:
        time.sleep(0.1)
        scenario.fate = scenario.look(stack)
        again = again or scenario.fate.started_again
    scenario.fate.started_again = again and again - killed


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command line's options."""
    parser.add_argument("--seconds", type=at_least_one, default=60, help="after the kill (60)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Start everything, let it all happen at once, and print the table."""
    played = scenarios()
    with project.scratch_folder() as folder, ExitStack() as exits:
        baked, made = bake(folder), []
        for number, scenario in enumerate(measure.progress(played, "Starting")):
            stack = Stack(folder / str(number), baked, exits, scenario.settings)
            made.append(scenario.make(stack))
        note(f"Killing, and looking on for {options.seconds} s")
        with ThreadPoolExecutor(len(played)) as threads:
            list(threads.map(play, played, made, [options.seconds] * len(played)))
    rows = [[one.name, one.killed, *one.fate.cells()] for one in played]
    measure.say(markdown(COLUMNS, rows))

"""The processes of each way to run tasks: this template's two engines, and the alternatives.

Every server has a port of its own, every Redis its own process, and each ends by its pid.
"""

import http.client
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis

from benchmarks import project
from benchmarks.http_cost import UVICORN, Server
from benchmarks.load import HOST, post
from benchmarks.measure import cpu_seconds

Json = Any

POOL = 2  # processes of a Celery worker
READY_SECONDS = 30
CELERY = ["-m", "celery", "-A", "benchmarks.tasks.celery_app"]
DICT_SERVER = [*UVICORN, "benchmarks.tasks.dict_app:create"]
CELERY_SERVER = [*UVICORN, "benchmarks.tasks.celery_app:create"]
WAIT = "/v1/tasks/wait"
NO_OP = post(WAIT, b'{"seconds": 0}')


def bake(folder: Path) -> Path:
    """Generate the project with both engines, and train its model."""
    return project.bake(folder, "task_engine=celery")


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> Json:
    """Ask once, and return the JSON of a good answer."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, names)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text)


def until(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Return once it is done, or end the run."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            sys.exit(f"{what} took longer than {seconds:.0f} s")
        time.sleep(0.005)


@dataclass
class Stack:
    """One way to run tasks, and the processes that it needs."""

    folder: Path  # of its own: databases and logs
    baked: Path
    stack: ExitStack
    settings: dict[str, str] = field(default_factory=dict)
    apis: list[int] = field(default_factory=list)  # ports
    processes: list[project.Process] = field(default_factory=list)
    finished: Callable[[], int] = lambda: 0

    def __post_init__(self) -> None:
        """Give each a database and a list of starts of its own."""
        self.folder.mkdir()
        self.settings = {
            "PYTHONPATH": str(project.ROOT),
            "ACCESS_LOG": "false",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "STARTS": str(self.starts),
            **self.settings,
        }

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "app.sqlite3"

    @property
    def starts(self) -> Path:
        """Where the alternatives note every start of a task."""
        return self.folder / "starts"

    @property
    def port(self) -> int:
        """The port of the only, or the first, server."""
        return self.apis[0]

    def start(self, command: list[str], **settings: str) -> project.Process:
        """Start a process that ends with the others."""
        log = self.folder / f"{len(self.processes)}.log"
        started = project.started(command, self.baked, log, {**self.settings, **settings})
        self.processes.append(self.stack.enter_context(started))
        return self.processes[-1]

    def serve(self, arguments: list[str]) -> project.Process:
        """Start a server, and return once it answers."""
        port = project.free_port()
        process = self.start(Server(arguments).command(port), PORT=str(port))
        log = self.folder / f"{len(self.processes) - 1}.log"
        project.wait_for_answer(process, port, project.ASK_LIVE, log)
        self.apis.append(port)
        return process

    def redis(self) -> redis.Redis:
        """Start a Redis that keeps nothing on disk, and tell the processes after it."""
        port = project.free_port()
        self.start(["redis-server", "--port", str(port), "--save", "", "--bind", HOST])
        url = f"redis://{HOST}:{port}"
        self.settings |= {"REDIS_URL": url, "TASK_BROKER_URL": f"{url}/0"}
        return redis.Redis(port=port)

    def cpu(self) -> float:
        """Return the CPU seconds of all processes, and of those that they have forked."""
        pids = [process.pid for process in self.processes]
        forked = [child.pid for pid in pids for child in psutil.Process(pid).children(True)]
        return sum(cpu_seconds(pid) for pid in [*pids, *forked])

    def rows(self, condition: str) -> int:
        """Return how many tasks in the SQLite file meet the condition."""
        with closing(sqlite3.connect(self.database)) as connection:
            count: int = connection.execute(
                f"SELECT COUNT(*) FROM tasks WHERE {condition}"  # noqa: S608
            ).fetchone()[0]
            return count


def ours(stack: Stack, servers: int = 1) -> Stack:
    """Start this template's `background` engine."""
    for _ in range(servers):
        stack.serve(["-m", "app"])
    stack.finished = lambda: stack.rows("finished_at IS NOT NULL")
    return stack


def ours_on_celery(stack: Stack, workers: int = 1) -> Stack:
    """Start this template's `celery` engine, on SQLite."""
    broker = stack.redis()
    stack.settings |= {"TASK_ENGINE": "celery", "TASK_CONCURRENCY": str(POOL)}
    for _ in range(workers):
        stack.start([sys.executable, "-m", "app.tasks.engine.celery.worker"])
    until(lambda: listening(broker) == workers, READY_SECONDS, "The start of the workers")
    return ours(stack)


def celery(stack: Stack, workers: int = 1) -> Stack:
    """Start Celery on Redis as people install it."""
    broker = stack.redis()
    for number in range(workers):
        worker = ["worker", "-c", str(POOL), "-n", f"w{number}@%h", "--loglevel", "WARNING"]
        stack.start([sys.executable, *CELERY, *worker])
    until(lambda: listening(broker) == workers, READY_SECONDS, "The start of the workers")
    stack.serve(CELERY_SERVER)
    results = redis.Redis(port=broker.get_connection_kwargs()["port"], db=1)
    stack.finished = lambda: int(results.dbsize())
    return stack


def plain(stack: Stack, servers: int = 1) -> Stack:
    """Start `BackgroundTasks` and a dict."""
    for _ in range(servers):
        stack.serve(DICT_SERVER)
    stack.finished = lambda: int(ask(stack.apis[-1], "GET", "/finished"))
    return stack


def listening(broker: redis.Redis) -> int:
    """Return how many workers are waiting for a task."""
    try:
        return int(broker.info("clients")["blocked_clients"])
    except redis.ConnectionError:
        return 0  # Redis itself is not up yet

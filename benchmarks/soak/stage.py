"""The processes of a soak: two servers, with Celery its workers, and what they depend on."""

import http.client
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks import project
from benchmarks.load import HOST
from benchmarks.tasks.stack import until

STORAGE_SECONDS = 2
MODEL_SECONDS = 5
LEASE_SECONDS = 5
LONGEST_STOP_SECONDS = 30
LONGEST_START_SECONDS = 60
SETTINGS = {
    "STORAGE_SECONDS": str(STORAGE_SECONDS),
    "MODEL_SECONDS": str(MODEL_SECONDS),
    "TASK_LEASE_SECONDS": str(LEASE_SECONDS),
    "SHUTDOWN_SECONDS": "5",
}
PIPE_BYTES = 4096  # so that it is soon full when nobody reads
Dependency = Any  # a `Redis` or `Postgres` of the measured project's tests


@dataclass(frozen=True)
class Usage:
    """What a program and its children hold; connections are not counted as files."""

    megabytes: float
    files: int
    threads: int


@dataclass
class Program:
    """A server or a worker that may be killed, frozen and restarted; its log goes to a file."""

    name: str
    command: list[str]
    folder: Path  # where it runs
    settings: dict[str, str]
    log: Path
    reading: threading.Event = field(default_factory=threading.Event)
    process: project.Process | None = None

    def start(self) -> None:
        """Start it, and read what it says."""
        self.reading.set()
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=project.clean_environment(**{**project.AS_IN_PRODUCTION, **self.settings}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pipesize=PIPE_BYTES,
        )
        threading.Thread(target=self.read, args=[self.process.stdout], daemon=True).start()

    def read(self, pipe: Any) -> None:  # noqa: ANN401
        """Copy what it says to the log, but for when nobody is to read."""
        with pipe, self.log.open("ab") as log:
            while said := pipe.read1():
                log.write(said)
                log.flush()
                self.reading.wait()

    def tree(self) -> list[psutil.Process]:
        """Return its processes that run."""
        if not self.process:
            return []
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def children(self) -> list[psutil.Process]:
        """Return the processes that it has started to do its work."""
        return [p for p in self.tree()[1:] if "resource_tracker" not in " ".join(p.cmdline())]

    def send(self, number: int) -> None:
        """Send a signal to all of its processes."""
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self) -> None:
        """End it as when its machine goes away."""
        tree = self.tree()
        self.send(signal.SIGKILL)
        if self.process:
            self.process.wait()
        psutil.wait_procs(tree, timeout=LONGEST_STOP_SECONDS)

    def stop(self) -> int | str:
        """Ask it to stop; its exit status, or that it had to be killed."""
        if not self.process:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(LONGEST_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"still running {LONGEST_STOP_SECONDS} s after SIGTERM"

    def usage(self) -> Usage:
        """Return what it holds."""
        megabytes, files, threads = 0.0, 0, 0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess), process.oneshot():
                megabytes += process.memory_info().rss / 2**20
                files += process.num_fds() - len(process.net_connections("inet"))
                threads += process.num_threads()
        return Usage(megabytes, files, threads)


@dataclass
class Stage:
    """All of it, for one of the engines."""

    folder: Path  # database and temporary files
    logs: Path
    baked: Path
    exits: ExitStack
    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))
    servers: list[Program] = field(default_factory=list)
    workers: list[Program] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    postgres: Dependency = None
    redis: Dependency = None

    def open(self, engine: str) -> None:
        """Start everything; the second server has two processes, for SIGHUP to replace."""
        self.temporary.mkdir()
        self.settings |= {
            "DATABASE_URL": f"sqlite:///{self.database}",
            "TMPDIR": str(self.temporary),
            "TASK_ENGINE": engine,
        }
        if engine == "celery":
            self.open_celery()
        for number, workers in enumerate(("1", "2")):
            self.ports.append(project.free_port())
            own = {"PORT": str(self.ports[-1]), "WORKERS": workers}
            self.servers.append(self.add(f"server {number + 1}", "app", own))
            self.wait_until_ready()

    def open_celery(self) -> None:
        """Start Redis, Postgres and two workers."""
        sys.path.insert(0, str(self.baked))
        from tests.servers import Postgres, Redis, running  # type: ignore[import-not-found]

        self.postgres = self.exits.enter_context(running(Postgres, self.folder))
        self.redis = self.exits.enter_context(running(Redis, self.folder))
        self.settings |= {
            "DATABASE_URL": self.postgres.url,
            "TASK_BROKER_URL": self.redis.url,
            "TASK_CONCURRENCY": "3",
        }
        for number in (1, 2):
            worker = self.add(f"worker {number}", "app.tasks.engine.celery.worker", {})
            self.workers.append(worker)

    def add(self, name: str, module: str, own: dict[str, str]) -> Program:
        """Start one more program."""
        log = self.logs / f"{name.replace(' ', '-')}.log"
        command = [sys.executable, "-m", module]
        program = Program(name, command, self.baked, {**self.settings, **own}, log)
        program.start()
        return program

    @property
    def programs(self) -> list[Program]:
        """The servers and the workers."""
        return [*self.servers, *self.workers]

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "app.sqlite3"

    @property
    def temporary(self) -> Path:
        """Where the programs put temporary files."""
        return self.folder / "tmp"

    def wait_until_ready(self) -> None:
        """Return once every server says that it is ready."""
        for port in self.ports:
            until(partial(is_ready, port), LONGEST_START_SECONDS, "A start")

    def execute(self, statement: str) -> None:
        """Change the database behind everybody's back."""
        if self.postgres:
            with psycopg.connect(self.postgres.url, autocommit=True) as postgres:
                postgres.execute(statement.encode())
        else:
            with closing(sqlite3.connect(self.database, 30, isolation_level=None)) as sqlite:
                sqlite.execute(statement)


def is_ready(port: int) -> bool:
    """Ask a server once."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=STORAGE_SECONDS + 1)) as server:
        try:
            server.request("GET", "/health/ready")
            return server.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

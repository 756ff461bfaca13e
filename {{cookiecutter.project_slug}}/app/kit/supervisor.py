"""How several processes serve: uvicorn's supervisor, with some of its habits changed.

Uvicorn's own stops every worker when one cannot start. It hears no signal while it waits for the
answer of a worker that has just ended, up to `timeout_worker_healthcheck` seconds. It waits for
ever for a worker that does not stop, and listens until the last one has stopped. And while it
restarts workers, it looks after no other.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from socket import socket
from weakref import WeakKeyDictionary, WeakSet

import structlog
from uvicorn import Config, Server
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from app.kit.signals import END_SECONDS, end_process_within

RETRY_SECONDS = 10  # loading a model again and again would slow down the workers that serve
JOIN_SECONDS = 0.05
KILL_SECONDS = 3  # after SHUTDOWN_SECONDS: a task that is handed back gets a second to stop

logger = structlog.get_logger()


class Worker(Process):
    """A worker that answers for the server that serves."""

    def target(self, sockets: list[socket] | None = None) -> None:
        """Make the server first: the thread that answers could make another, which never starts."""
        self._server = Server(self.config)
        super().target(sockets)


class Supervisor(Multiprocess):
    """Starts the workers, replaces those that end, and stops them in order."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self.heard: WeakKeyDictionary[Process, float] = WeakKeyDictionary()  # the last answer
        self.served: WeakSet[Process] = WeakSet()
        self.failures = 0  # starts that failed since a worker last said that it serves
        self.ending: dict[Process, float] = {}  # when workers that were told to stop are killed
        self.restart: Iterator[None] = iter(())
        self.in_order = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    @property
    def patience(self) -> int:
        """Seconds that a worker has to stop."""
        return (self.config.timeout_graceful_shutdown or 0) + KILL_SECONDS

    def start_worker(self) -> Worker:
        """Start a worker."""
        worker = Worker(self.config, self.sockets)
        worker.start()
        return worker

    def init_processes(self) -> None:
        """Start as many workers as are wanted."""
        self.processes += [self.start_worker() for _ in range(self.processes_num)]

    def stop(self, number: int, _: object) -> None:
        """Stop the workers; at a second Ctrl-C, do not wait for them."""
        again = number == signal.SIGINT and self.should_exit.is_set()
        seconds = 0 if again else self.patience
        end_process_within(seconds + END_SECONDS - KILL_SECONDS)
        # in a thread: the one that was interrupted may hold the lock of the event
        threading.Thread(target=self.end_within, args=[seconds], daemon=True).start()

    def end_within(self, seconds: float) -> None:
        """Stop the workers, and kill those that still run after this time."""
        self.should_exit.set()
        time.sleep(seconds)
        for worker in [*self.processes, *self.ending]:
            if worker.process.is_alive():
                self.in_order = False
                kill(worker)

    def join_all(self) -> None:
        """Wait for every worker; those that do not stop are killed."""
        while any(worker.process.is_alive() for worker in [*self.processes, *self.ending]):
            # a signal that comes just before a wait without an end is not heard until that ends
            time.sleep(JOIN_SECONDS)

    def terminate_all(self) -> None:
        """Stop the workers, and refuse connections: while this listens, clients would wait."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()

    def keep_subprocess_alive(self) -> None:
        """Replace each worker that ended or hangs; if none can start, stop."""
        next(self.restart, None)
        self.kill_late()
        for index, worker in enumerate(self.processes):
            if not self.is_well(worker):
                worker.process.kill()
                retry_at = self.heard[worker] + RETRY_SECONDS
                if worker in self.served or time.monotonic() > retry_at:
                    self.replace(index, worker)
        alive = any(worker.process.is_alive() for worker in self.processes)
        if not alive or self.failures >= len(self.processes):
            logger.error("No worker can start; the lines above say why.")
            self.in_order = False
            self.stop(signal.SIGTERM, None)

    def replace(self, index: int, worker: Process) -> None:
        """Start another worker."""
        worker.join()
        logger.error("worker_replaced", pid=worker.pid, exit_code=worker.exitcode)
        self.failures += worker not in self.served
        self.processes[index] = self.start_worker()

    def restart_all(self) -> None:
        """Begin to replace every worker; a restart that is under way begins anew."""
        while len(self.processes) > self.processes_num:
            self.end(self.processes.pop())
        self.restart = self.replace_each()

    def replace_each(self) -> Iterator[None]:
        """Replace each worker by one that serves; yield, to look after all, instead of waiting."""
        for old in list(self.processes):
            self.processes.append(self.start_worker())
            while self.processes[-1] not in self.served:
                yield
            # one that ended meanwhile was replaced already: then the new one is too many
            surplus = old if old in self.processes else self.processes[-1]
            self.processes.remove(surplus)
            self.end(surplus)
            while surplus in self.ending:
                yield

    def end(self, worker: Process) -> None:
        """Ask a worker to stop; it is killed if it does not."""
        worker.terminate()
        self.ending[worker] = time.monotonic() + self.patience

    def kill_late(self) -> None:
        """Kill the workers that did not stop in time, and forget those that did."""
        for worker, deadline in list(self.ending.items()):
            if not worker.process.is_alive():
                del self.ending[worker]
            elif time.monotonic() > deadline:
                kill(worker)

    def handle_ttin(self) -> None:
        """Add a worker."""
        self.processes_num += 1
        self.processes.append(self.start_worker())

    def handle_ttou(self) -> None:
        """Take a worker away, but not the last one."""
        if self.processes_num > 1:
            self.processes_num -= 1
            self.end(self.processes.pop())

    def is_well(self, worker: Process) -> bool:
        """Return whether the worker runs and answered lately: read its answer, and ask again."""
        now = time.monotonic()
        asked = worker in self.heard
        self.heard.setdefault(worker, now)
        if not worker.process.is_alive():
            return False
        if not asked or worker.parent_conn.poll():
            if asked and worker.parent_conn.recv():
                self.served.add(worker)
                self.failures = 0
            self.heard[worker] = now
            worker.parent_conn.send(b"ping")
        return now < self.heard[worker] + self.config.timeout_worker_healthcheck


def kill(worker: Process) -> None:
    """Kill a worker that had its time to stop."""
    logger.error("worker_killed", pid=worker.pid, cause="It did not stop in time.")
    worker.process.kill()


def serve(config: Config) -> bool:
    """Serve in one process or several; return whether all started, and stopped in order."""
    if config.workers > 1:
        supervisor = Supervisor(config, [config.bind_socket()])
        supervisor.run()
        return supervisor.in_order
    server = Server(config)
    with suppress(SystemExit):  # at the end, uvicorn sends itself the signal that it was stopped by
        server.run()
    return server.started and not (server.force_exit or server.lifespan.should_exit)

"""How several processes serve: uvicorn's supervisor, with three of its habits changed.

Uvicorn's own stops every worker when one cannot start. It hears no signal while it waits for the
answer of a worker that has just ended, up to `timeout_worker_healthcheck` seconds. And it waits for
ever for a worker that does not stop.
"""

import signal
import threading
import time
from socket import socket
from weakref import WeakKeyDictionary, WeakSet

import structlog
from uvicorn import Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

RETRY_SECONDS = 10  # loading a model again and again would slow down the workers that serve
KILL_SECONDS = 3  # after SHUTDOWN_SECONDS: a task that is handed back gets a second to stop

logger = structlog.get_logger()


class Supervisor(Multiprocess):
    """Starts the workers, replaces those that end, and stops them in order."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self.heard: WeakKeyDictionary[Process, float] = WeakKeyDictionary()  # the last answer
        self.served: WeakSet[Process] = WeakSet()
        self.failures = 0  # starts that failed since a worker last said that it serves
        self.in_order = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    def stop(self, number: int, _: object) -> None:
        """Stop the workers; at a second Ctrl-C, do not wait for them."""
        again = number == signal.SIGINT and self.should_exit.is_set()
        seconds = 0 if again else (self.config.timeout_graceful_shutdown or 0) + KILL_SECONDS
        # in a thread: the one that was interrupted may hold the lock of the event
        threading.Thread(target=self.end_within, args=[seconds], daemon=True).start()

    def end_within(self, seconds: float) -> None:
        """Stop the workers, and kill those that still run after this time."""
        self.should_exit.set()
        time.sleep(seconds)
        for worker in self.processes:
            if worker.process.is_alive():
                self.in_order = False
                logger.error("worker_killed", pid=worker.pid, cause="It did not stop in time.")
                worker.process.kill()

    def keep_subprocess_alive(self) -> None:
        """Replace each worker that ended or hangs; if none can start, stop."""
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
            self.should_exit.set()

    def replace(self, index: int, worker: Process) -> None:
        """Start another worker."""
        worker.join()
        logger.error("worker_replaced", pid=worker.pid, exit_code=worker.exitcode)
        self.failures += worker not in self.served
        self.processes[index] = Process(self.config, self.sockets)
        self.processes[index].start()

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

"""A runtime API on loopback, and the function of the graded app that asks it."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import NamedTuple

from learn.grading.exchange import Json
from learn.grading.gate import Gate, wait_until
from learn.grading.lab import Lab
from learn.grading.process import START_SECONDS, CannotGrade, why_it_ended

PROGRAM = "chapters.ch10_serverless.function"
ANSWER_SECONDS = 10
KEY = "a key of the grader, thirty-two characters"


class Outcome(NamedTuple):
    """What came of an event: a result, or an error of the function."""

    failed: bool
    result: Json


class Api(ThreadingHTTPServer):
    """Gives out events, and takes what comes of them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = Event()  # the function has started, and waits for an event
        self.events: SimpleQueue[Json] = SimpleQueue()
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()

    def handle_error(self, *_: object) -> None:
        """Print nothing: a function that is stopped closes its connection."""


class Handler(BaseHTTPRequestHandler):
    """One call of the function."""

    server: Api

    def do_GET(self) -> None:
        """Wait for the next event, and give it out."""
        self.server.asked.set()
        body = json.dumps(self.server.events.get()).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536")
        deadline = time.time() + ANSWER_SECONDS
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(deadline * 1000)))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take an outcome."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.outcomes.put(Outcome(self.path.endswith("/error"), json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Function:
    """A function that has started."""

    def __init__(self, api: Api, process: "subprocess.Popen[bytes]", gate: Gate) -> None:
        self._api, self._process, self.gate = api, process, gate

    def call(self, event: Json) -> Outcome:
        """Hand it an event, and return what came of it."""
        self._api.events.put(event)
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                return self._api.outcomes.get(timeout=0.1)
            except Empty:
                continue
        status = self._process.poll()
        ended = "does not answer" if status is None else f"ended by itself (status {status})"
        raise CannotGrade(f"The function {ended}.")


@contextmanager
def function(lab: Lab, **settings: object) -> Iterator[Function]:
    """Start a function; raise NotStarted or CannotGrade if it ends before it asks for an event."""
    work = lab.new_work()
    with Api() as api:
        Thread(target=api.serve_forever, daemon=True).start()
        given = {
            "aws_lambda_function_name": "graded",
            "aws_lambda_runtime_api": f"127.0.0.1:{api.server_port}",
            "api_key": KEY,
            "allowed_hosts": "*",
            "task_concurrency": 0,
            **settings,
        }
        with lab.program("-m", PROGRAM, work=work, **given) as process:
            try:
                ended = process.poll
                wait_until(lambda: api.asked.is_set() or ended() is not None, START_SECONDS)
                if not api.asked.is_set():
                    log = (work / "log").read_text("utf-8", "replace")
                    raise why_it_ended(log, process.poll() or 0, lab.folder)
                yield Function(api, process, Gate(work / "probe"))
            finally:
                process.kill()
                api.shutdown()

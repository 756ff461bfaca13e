"""AWS Lambda's runtime API, as its documentation describes it, and a function that asks it.

The function is AWS's own runtime interface client (`awslambdaric`), in a process of its own, with
the service as its handler; whatever it is told, it is told over HTTP.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import pytest

from tests.aws_lambda.events import Request
from tests.conftest import ROOT, kill_group

KEY = "0123456789abcdef0123456789abcdef"
HOST = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
SENT = (("Host", HOST), ("X-API-Key", KEY), ("Content-Type", "application/json"))
LONGEST_SECONDS = 60


class Api(ThreadingHTTPServer):
    """The runtime API: gives out events, and takes what becomes of them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.events: SimpleQueue[tuple[object, float]] = SimpleQueue()
        self.results: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def handle_error(self, *_: object) -> None:
        """Print nothing: a function that is killed closes its connection."""


class Handler(BaseHTTPRequestHandler):
    """One call of the function."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet
    server: Api

    def do_GET(self) -> None:
        """Wait for the next event, and give it out."""
        event, seconds = self.server.events.get()
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + seconds) * 1000)))
        arn = "arn:aws:lambda:eu-central-1:123456789012:function:service"
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take an answer, or an error of the function or of its start."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.results.put((self.path.rpartition("/")[2], json.loads(body)))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def request(
    method: str, path: str, body: object = None, headers: Sequence[tuple[str, str]] = SENT
) -> Request:
    """Return a request with the key, and with this body as JSON; the query is part of the path."""
    path, _, query = path.partition("?")
    return Request(method, path, query, headers, json.dumps(body).encode() if body else b"")


class FunctionError(Exception):
    """The function failed, or did not start; with what it said of it."""


class Function:
    """A running function."""

    def __init__(self, api: Api, process: "subprocess.Popen[str]") -> None:
        self._api, self.process = api, process

    def call(self, event: object, seconds: float = 30) -> Any:  # noqa: ANN401 - any JSON
        """Return its result; raise FunctionError if it is an error."""
        self._api.events.put((event, seconds))
        return self.result()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the process, as AWS Lambda does between two events."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def result(self) -> Any:  # noqa: ANN401 - any JSON
        """Return what it says next."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            try:
                kind, value = self._api.results.get(timeout=0.1)
            except Empty:
                if self.process.poll() is not None:
                    pytest.fail("The function's process has ended")
            else:
                if kind == "error":
                    raise FunctionError(value)
                return value
        return pytest.fail("The function does not answer")


@contextmanager
def function(
    log: Path, handler: str = "app.aws_lambda.handler", /, **variables: str
) -> Iterator[Function]:
    """Start a function with these environment variables, which logs to this file."""
    with Api() as api:
        Thread(target=api.serve_forever, daemon=True).start()
        environment = {
            **os.environ,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_NAME": "service",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "APP_ENV": "prod",
            "API_KEY": KEY,
            "ALLOWED_HOSTS": "*",
            "MODELS": "tests.fakes:MODELS",
            "TASK_CONCURRENCY": "0",
            "DOCS_ENABLED": "true",
            **variables,
        }
        with log.open("w") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", handler],
                cwd=ROOT,
                env=environment,
                stdout=stream,
                stderr=stream,
                text=True,
                start_new_session=True,
            )
        try:
            yield Function(api, process)
        finally:
            kill_group(process)
            process.wait()
            api.shutdown()

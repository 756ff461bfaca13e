"""How long AWS Lambda waits for a new container, and for a warm one.

Each function is a new process of AWS's runtime client, which asks a runtime API on loopback; time
runs from its start to its first answer. Needs Linux, and `awslambdaric`, as the tests do.
"""

import json
import shutil
import statistics
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from benchmarks import measure, project
from benchmarks.ending import guarded
from benchmarks.measure import cpu_seconds, markdown, spread

KEY = "0123456789abcdef0123456789abcdef"
WARM = 50  # answers of each function that are timed after the first
COLUMNS = ["the function", "first answer, seconds", "CPU seconds", "a warm answer, ms"]
BARE = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()

@app.post("/v1/predict")
async def predict(features: dict[str, float]) -> dict[str, float]:
    return features

handler = Mangum(app, lifespan="off")
"""
PLAIN = """
from mangum import Mangum
from app.main import app

handler = Mangum(app)
"""


class Kind(NamedTuple):
    """A function to measure: its name, its handler, and what is different in its environment."""

    name: str
    handler: str
    variables: Mapping[str, str] = {}


KINDS = [
    Kind("FastAPI and Mangum with one route", "bare.handler"),
    Kind("the service", "app.aws_lambda.handler"),
    Kind("the service, not compiled", "app.aws_lambda.handler", {"PYTHONPYCACHEPREFIX": "none"}),
    Kind("the service through Mangum alone", "plain.handler"),
]


@dataclass
class Times:
    """What was measured of one kind."""

    first: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)


class Api(ThreadingHTTPServer):
    """A runtime API, as AWS documents it."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.events: SimpleQueue[bytes] = SimpleQueue()
        self.answers: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def handle_error(self, *_: object) -> None:
        """Print nothing: a function that is killed closes its connection."""


class Handler(BaseHTTPRequestHandler):
    """One call of the function."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Api

    def do_GET(self) -> None:
        """Give out the next event."""
        event = self.server.events.get()
        deadline = str(int((time.time() + 29) * 1000))
        self.reply(200, event, {"Aws-Request-Id": "8476a536", "Deadline-Ms": deadline})

    def do_POST(self) -> None:
        """Take an answer, or an error."""
        self.server.answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.reply(202, b"", {})

    def reply(self, status: int, body: bytes, about: Mapping[str, str]) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in about.items():
            self.send_header(f"Lambda-Runtime-{name}", value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def event() -> bytes:
    """Return a prediction that is asked for through a function URL."""
    context = {
        "domainName": "a1b2c3.lambda-url.eu-central-1.on.aws",
        "http": {"method": "POST", "path": "/v1/predict", "sourceIp": "203.0.113.7"},
        "stage": "$default",
    }
    headers = {
        "content-type": "application/json",
        "host": "a1b2c3.lambda-url.eu-central-1.on.aws",
        "x-api-key": KEY,
    }
    asked = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/v1/predict",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": context,
        "body": json.dumps(project.FLOWER),
        "isBase64Encoded": False,
    }
    return json.dumps(asked).encode()


def variables_for(api: Api) -> dict[str, str]:
    """Return the environment of a function that asks this API."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": "service",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "APP_ENV": "prod",
        "API_KEY": KEY,
        "ALLOWED_HOSTS": "*",
        "TASK_CONCURRENCY": "0",
    }


def start(kind: Kind, baked: Path, api: Api) -> AbstractContextManager[project.Process]:
    """Run a function that asks this API."""
    command = [sys.executable, "-m", "awslambdaric", kind.handler]
    variables = {**variables_for(api), **kind.variables}
    return project.started(command, baked, baked.with_name("function.log"), variables)


def ask(api: Api) -> float:
    """Return the seconds of one call; stop if it does not succeed."""
    began = time.perf_counter()
    api.events.put(event())
    answer = api.answers.get(timeout=60)
    if answer.get("statusCode") != 200:
        sys.exit(f"A function failed: {answer}")
    return time.perf_counter() - began


def time_function(kind: Kind, baked: Path, times: Times) -> None:
    """Start a function, and time its answers."""
    shutil.rmtree(baked / "none", ignore_errors=True)  # where nothing is compiled yet
    with Api() as api:
        Thread(target=api.serve_forever, daemon=True).start()
        began = time.perf_counter()
        with start(kind, baked, api) as process:
            ask(api)
            times.first.append(time.perf_counter() - began)
            times.cpu.append(cpu_seconds(process.pid))
            times.warm.append(statistics.median(ask(api) for _ in range(WARM)))
        api.shutdown()


def row(kind: Kind, times: Times) -> list[str]:
    """Return what was measured of a kind, as text."""
    cpu, warm = spread(times.cpu).median, spread(times.warm).median
    return [kind.name, spread(times.first).text(2), f"{cpu:.2f}", f"{warm * 1000:.1f}"]


def main() -> None:
    """Bake the project, train its model, measure in turn, and print the table."""
    rounds = measure.options(__doc__, 9, "starts of each function").rounds
    with project.scratch_folder() as folder:
        baked = project.bake(folder, "aws_lambda=yes")
        (baked / "bare.py").write_text(BARE)
        (baked / "plain.py").write_text(PLAIN)
        found = {kind.name: Times() for kind in KINDS}
        for kind in KINDS:
            time_function(kind, baked, Times())  # which writes the .pyc files
        for _ in measure.progress(range(rounds), "Starting"):
            for kind in KINDS:
                time_function(kind, baked, found[kind.name])
        measure.say(markdown(COLUMNS, [row(kind, found[kind.name]) for kind in KINDS]))


if __name__ == "__main__":
    guarded(main)

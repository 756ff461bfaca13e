"""The learner's app as a real uvicorn server, on a port that it binds itself."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from learn.grading.exchange import Exchange, Json
from learn.grading.gate import Gate, wait_until
from learn.grading.process import START_SECONDS, CannotGrade, end, start, why_it_ended

ANSWER_SECONDS = 10
APP = "app.main:app"
RUNNING = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")


class Server:
    """A running app."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        folder: Path,
        work: Path,
        settings: Mapping[str, object],
        target: str = APP,
    ) -> None:
        self.process = process
        self.folder = folder
        self.work = work
        self.settings = settings
        self.target = target  # the app: a chapter can have its own
        self.asked: list[Exchange] = []  # including what is not answered yet
        self.gate = Gate(work / "probe")
        self.url = ""
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()

    @property
    def log_text(self) -> str:
        """What the app wrote to standard output and standard error."""
        return (self.work / "log").read_text("utf-8", "replace")

    @property
    def log(self) -> list[dict[str, Json]]:
        """The lines of the log that are JSON."""
        lines = (line for line in self.log_text.splitlines() if line.startswith("{"))
        return [json.loads(line) for line in lines if line.endswith("}")]

    def send(
        self,
        method: str,
        path: str,
        body: Json = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Exchange:
        """Send a request on its own connection; bytes are sent as they are, the rest as JSON.

        Status 0 means no answer within these seconds, or a connection that broke.
        """
        given = dict(headers or {})
        content = body if isinstance(body, bytes) else b"" if body is None else as_json(body)
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        url = f"{self.url}{path}"
        exchange = Exchange(method, url, path, given, content, 0, {}, b"")
        self.asked.append(exchange)
        try:
            answer = self._http().request(
                method, url, content=content, headers=given, timeout=seconds
            )
        except httpx2.TimeoutException:
            self._demand_alive(method, path)
            exchange.body = f"no answer within {seconds} s".encode()
            return exchange
        except httpx2.TransportError as error:
            self._demand_alive(method, path)
            exchange.body = f"the connection broke: {error}".encode()
            return exchange
        exchange.status, exchange.body = answer.status_code, answer.content
        exchange.headers = {name.lower(): value for name, value in answer.headers.items()}
        return exchange

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, seconds: float = ANSWER_SECONDS
    ) -> Exchange:
        """Send a GET request."""
        return self.send("GET", path, headers=headers, seconds=seconds)

    def post(
        self, path: str, body: Json = None, headers: Mapping[str, str] | None = None
    ) -> Exchange:
        """Send a POST request."""
        return self.send("POST", path, body, headers)

    def stop(self) -> int:
        """Send SIGTERM, and return the exit status."""
        return end(self.process)

    def kill(self) -> None:
        """Kill it without warning, as a crash would."""
        self.process.kill()
        self.process.wait()

    def _http(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                limits = httpx2.Limits(max_keepalive_connections=0)
                self._client = httpx2.Client(
                    timeout=ANSWER_SECONDS, limits=limits, trust_env=False, verify=False
                )
            return self._client

    def _demand_alive(self, method: str, path: str) -> None:
        if wait_until(lambda: self.process.poll() is not None, 0.5):
            raise CannotGrade(
                f"The app ended by itself (status {self.process.returncode}) when it was asked "
                f"{method} {path}."
            )

    def _has_started(self) -> bool:
        found = RUNNING.search(self.log_text)
        self.url = found[1] if found else ""
        return bool(found) or self.process.poll() is not None

    def wait_until_started(self) -> None:
        """Return once the app answers, or raise NotStarted or CannotGrade."""
        if not wait_until(self._has_started, START_SECONDS):
            raise CannotGrade(f"The app did not start within {START_SECONDS} seconds.")
        if not self.url:
            raise why_it_ended(self.log_text, self.process.wait(), self.folder)

    def close(self) -> None:
        """Stop it if it is running."""
        if self._client:
            self._client.close()
        (self.gate.folder / "hold").unlink(missing_ok=True)
        if self.process.poll() is None:
            self.stop()


@contextmanager
def serve(
    folder: Path,
    work: Path,
    settings: Mapping[str, object],
    wait: bool = True,
    target: str = APP,
) -> Iterator[Server]:
    """Serve the app in `folder` with these settings; database, log and probe are in `work`."""
    command = [sys.executable, "-m", "uvicorn", target, "--port", "0", "--no-access-log"]
    server = Server(start(command, folder, work, settings), folder, work, settings, target)
    try:
        if wait:
            server.wait_until_started()
        yield server
    finally:
        server.close()


def as_json(body: Json) -> bytes:
    """Return a body as JSON, with NaN and Infinity as careless clients send them."""
    return json.dumps(body).encode()

"""What a client without the key can do: raw bytes on real sockets, to every route.

Each request is sent to all routes at once. While they are there, others are answered; then each is
answered, and the server has kept nothing: no memory, no file, no traceback in its log.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.routing import Route

from app.main import create_app
from app.settings import Settings
from tests.conftest import ROOT, free_port
from tests.tasks.helpers import wait_for
from tests.test_routes import KEY, OPEN, address

LIVE = b"GET /health/live HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n"
LONGEST_SECONDS = 30
MEMORY = 40 * 2**20
REFUSED = {400, 431}
AS_EVER = 0  # the status of any request without the key
MEGABYTE = b"a" * 2**20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


class Target:
    """A server, as a stranger and its operator see it."""

    def __init__(self, port: int, pid: int, temporary: Path, log: Path) -> None:
        self.port, self.temporary = port, temporary
        self.process = Path("/proc", str(pid))
        self.log = log.read_text

    def connect(self, *parts: bytes, receive_buffer: int = 0) -> socket.socket:
        """Send this, as far as the server takes it, on a new connection."""
        client = socket.socket()
        client.settimeout(LONGEST_SECONDS)
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.connect(("127.0.0.1", self.port))
        try:
            for part in parts:
                client.sendall(part)
        except OSError:
            pass  # it has heard enough
        return client

    def ask(self, *parts: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send this, and return what is answered."""
        with self.connect(*parts) as client:
            return read_answer(client)

    def peak_bytes(self) -> int:
        """Return the most memory that the server has ever had."""
        (line,) = (
            line
            for line in self.process.joinpath("status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
        return int(line.split()[1]) * 1024

    def open_files(self) -> list[str]:
        """Return what it has open."""
        links = []
        for link in self.process.joinpath("fd").iterdir():
            with suppress(FileNotFoundError):  # closed by now
                links.append(str(link.readlink()))
        return links

    def temporary_files(self) -> list[str]:
        """Return the files that it has open in the temporary folder, deleted or not."""
        return [link for link in self.open_files() if link.startswith(str(self.temporary))]

    def sockets(self) -> list[str]:
        """Return its open sockets."""
        return [link for link in self.open_files() if link.startswith("socket:")]


def read_answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the answer; read no further."""
    with closing(client.makefile("rb")) as file:
        line = file.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers = {}
        for header in iter(file.readline, b"\r\n"):
            name, _, value = header.decode("ascii").partition(": ")
            headers[name.lower()] = value.strip()
        return int(line.split()[1]), headers, file.read(int(headers["content-length"]))


def is_closed(client: socket.socket) -> bool:
    """Wait until the server closes the connection; what it has sent before does not matter."""
    try:
        while client.recv(2**16):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@pytest.fixture(scope="module", params=["httptools", "h11"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """Run the service with a key; at the end it stops in order, and has logged no traceback."""
    folder, files = tmp_path_factory.mktemp("served"), tmp_path_factory.mktemp("temporary")
    log = folder / "log"
    environment = {
        **os.environ,
        "API_KEY": KEY,
        "DATABASE_URL": f"sqlite:///{folder}/app.sqlite3",
        "MODELS": "tests.fakes:MODELS",
        "PARSER": request.param,
        "PORT": str(free_port()),
        "SHUTDOWN_SECONDS": "2",
        "TMPDIR": str(files),
    }
    command = [sys.executable, "-m", "tests.impatient"]
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=file)
    target = Target(int(environment["PORT"]), process.pid, files, log)
    try:
        wait_for(lambda: process.poll() is not None or "running on" in target.log())
        yield target
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert "Traceback" not in target.log()
    assert process.returncode == 0


@pytest.fixture(scope="module")
def routes() -> list[Route]:
    """Return every route of the app, the pages too."""
    app = create_app(Settings(api_key=SecretStr(KEY), models="tests.fakes:MODELS"))
    found = [route for route in app.routes if isinstance(route, Route)]
    assert len(found) > 10
    return found


HOST = "Host: localhost"
FORM = "Content-Type: multipart/form-data; boundary=x"
CLOSE = "Connection: close"
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


def head_of(method: str, path: str, *headers: str) -> bytes:
    """Return the head of a request, with these headers and a host."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", HOST, *headers, "", ""]).encode()


def head(route: Route, *headers: str) -> bytes:
    """Return the head of a request to this route, after which the connection ends."""
    return head_of(*address(route), CLOSE, *headers)


PAGE = head_of("GET", "/docs/assets/swagger-ui-bundle.js")


def one_long_header(route: Route) -> list[bytes]:
    return [head(route, "X: ")[:-4], *[MEGABYTE] * 3]


def many_headers(route: Route) -> list[bytes]:
    return [head(route)[:-2], b"x: 1\r\n" * 200_000]


def long_url(route: Route) -> list[bytes]:
    return [head(route).replace(b" HTTP", b"?" + MEGABYTE + b" HTTP", 1)]


def endless_chunk_extension(route: Route) -> list[bytes]:
    return [head(route, "Transfer-Encoding: chunked"), b"2;", *[MEGABYTE] * 3]


def endless_trailer(route: Route) -> list[bytes]:
    whole = head(route, "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\nX: "
    return [whole, *[MEGABYTE] * 3]


def stalled_body(route: Route) -> list[bytes]:
    return [head(route, FORM, "Content-Length: 65000"), PART, b"a" * 50_000]


def stalled_upload(route: Route) -> list[bytes]:
    return [head(route, FORM, "Content-Length: 16000000"), PART, MEGABYTE * 2]


def slow_codec(route: Route) -> list[bytes]:
    form = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n-' + MEGABYTE
    length = f"Content-Length: {len(form)}"
    return [head(route, f"{FORM}; charset=punycode", length), form]


def two_hosts(route: Route) -> list[bytes]:
    return [head(route, HOST)]


def two_lengths(route: Route) -> list[bytes]:
    return [head(route, "Content-Length: 2", "Content-Length: 3"), b"{}"]


def length_and_chunks(route: Route) -> list[bytes]:
    both = head(route, "Content-Length: 2", "Transfer-Encoding: chunked")
    return [both, b"0\r\n\r\n"]


def upgrade(route: Route) -> list[bytes]:
    websocket = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="]
    lines = head(route, *websocket, "Content-Length: 2")
    return [lines.replace(CLOSE.encode(), b"Connection: Upgrade"), b"{}"]


def no_http(_: Route) -> list[bytes]:
    return [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"]


HOSTILE: dict[Callable[[Route], list[bytes]], set[int]] = {
    one_long_header: REFUSED,
    many_headers: REFUSED,
    long_url: REFUSED,
    endless_chunk_extension: {*REFUSED, AS_EVER},
    endless_trailer: {*REFUSED, AS_EVER},
    stalled_body: {AS_EVER},
    stalled_upload: {413, AS_EVER},
    slow_codec: {415},
    two_hosts: {400},
    two_lengths: {400},
    length_and_chunks: {400},
    upgrade: {AS_EVER},
    no_http: {400},
}


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.__name__)
def test_nobody_without_the_key_costs_anything(
    target: Target, routes: list[Route], hostile: Callable[[Route], list[bytes]]
) -> None:
    before = target.peak_bytes()
    with ExitStack() as stack:
        asked = [(r, stack.enter_context(target.connect(*hostile(r)))) for r in routes]
        assert target.ask(LIVE)[0] == 200  # others are answered meanwhile
        assert target.temporary_files() == []
        for route, client in asked:
            status, headers, body = read_answer(client)
            as_ever = status == (200 if OPEN.fullmatch(route.path) else 401)
            assert (AS_EVER if as_ever else status) in HOSTILE[hostile], route.path
            if status != 200:
                assert headers["content-type"] == "application/problem+json"
                assert json.loads(body)["request_id"] == headers["x-request-id"]
    assert target.peak_bytes() - before < MEMORY


@pytest.mark.parametrize("target", ["httptools"], indirect=True)
def test_a_body_in_crumbs_is_not_read_for_long(target: Target) -> None:
    """Each byte of it takes as long to parse as a whole body."""
    sent = 0
    with (
        target.connect(head_of("POST", "/v1/predict", "Transfer-Encoding: chunked")) as client,
        suppress(ConnectionError),
    ):
        while sent < 100_000:
            client.sendall(b"1\r\n \r\n" * 1_000)
            sent += 1_000
            time.sleep(0.005)
    assert sent < 50_000


def test_no_client_is_waited_for_without_end(target: Target) -> None:
    """Not even if it sends a byte from time to time, or has the key."""
    get, post = head_of("GET", "/health/live"), head_of("POST", "/v1/predict", "Content-Length: 99")
    upload = head_of("POST", "/v1/tasks/batch-prediction", FORM, "Content-Length: 16000000")
    key = f"X-API-Key: {KEY}\r\n\r\n".encode()
    slow: dict[str, list[bytes]] = {
        "silent": [],
        "half a head": [get[:-2]],
        "kept alive": [get],
        "refused": [post],
        "body": [post[:-2] + key],
        "upload": [upload[:-2] + key, PART, MEGABYTE * 2],
    }
    with ExitStack() as stack:
        waited = {name: stack.enter_context(target.connect(*slow[name])) for name in slow}
        wait_for(target.temporary_files)
        for name, client in waited.items():
            with suppress(ConnectionError):
                client.send(b"a")
            assert is_closed(client), name
    wait_for(lambda: not target.temporary_files())


@pytest.mark.parametrize("piece", [0, 2_000])
def test_a_client_that_reads_too_little_is_given_up(target: Target, piece: int) -> None:
    """Not at all, or 8 KB a second."""
    before = set(target.sockets())
    deadline = time.monotonic() + LONGEST_SECONDS
    with target.connect(*[PAGE] * 8, receive_buffer=4096) as client:
        wait_for(lambda: set(target.sockets()) - before)
        while set(target.sockets()) - before:
            assert time.monotonic() < deadline
            with suppress(ConnectionError):
                client.recv(piece)
            time.sleep(0.25)


def test_a_slow_client_is_served_to_the_end(target: Target) -> None:
    with target.connect(PAGE, receive_buffer=4096) as client:
        for _ in range(40):
            client.recv(5_000)
            time.sleep(0.25)
        assert target.ask(LIVE)[0] == 200
        while b"i.default})()));" not in (piece := client.recv(2**16)):
            assert piece


def test_clients_that_do_not_read_shut_nobody_out(target: Target) -> None:
    with ExitStack() as stack:
        for _ in range(140):
            stack.enter_context(target.connect(*[PAGE] * 8, receive_buffer=4096))
        time.sleep(2.5)
        assert target.ask(LIVE)[0] == 200
        assert len(target.sockets()) > 80


def test_silent_connections_shut_nobody_out(target: Target) -> None:
    """The process may have 256 files, of which it has taken 64 at first: 96 connections."""
    assert target.ask(LIVE)[0] == 200
    limits = target.process.joinpath("limits").read_text()
    assert re.search(r"Max open files +256 +256", limits)
    with ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(target.connect())
        assert target.ask(LIVE)[0] == 200
        assert len(target.sockets()) < 96 + 8
    assert "Too many connections" in target.log()

"""Load for a server on this machine: so many requests, so many at a time, each answer checked.

Raw HTTP/1.1 on connections that stay open, because a client library costs more than the server.
Requests go to loopback only, and every burst is bounded in requests and in seconds.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

from benchmarks.measure import at_least_one, say, spread

HOST = "127.0.0.1"
LONGEST_BURST_SECONDS = 60
GOOD = (b"HTTP/1.1 200 ", b"HTTP/1.1 201 ", b"HTTP/1.1 202 ")
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "


class LoadError(Exception):
    """An answer was not what it must be, or none came."""


@dataclass
class Burst:
    """What one burst of requests took."""

    requests: int
    started: float = 0.0
    ended: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        return self.ended - self.started


def get(path: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """Return the bytes of a POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Client(asyncio.Protocol):
    """One connection: sends a request, reads the answer, sends the next."""

    def __init__(self, request: bytes) -> None:
        """Take the bytes of the request that the client sends each time."""
        self.request = request
        self.buffer = b""
        self.left = 0
        self.sent = 0.0
        self.latencies: list[float] = []
        self.transport: asyncio.Transport
        self.done: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to write to."""
        self.transport = cast("asyncio.Transport", transport)

    async def connect(self, port: int) -> None:
        """Open the connection."""
        await asyncio.get_running_loop().create_connection(lambda: self, HOST, port)

    async def run(self, requests: int) -> None:
        """Send so many requests, one after the other; raise LoadError on the first wrong answer."""
        self.left, self.latencies = requests, []
        self.done = asyncio.get_running_loop().create_future()
        self.send()
        await self.done

    def send(self) -> None:
        """Send one request."""
        self.left -= 1
        self.sent = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, check it and go on."""
        self.buffer += data
        head, end, body = self.buffer.partition(HEAD_END)
        if not end:
            return
        if not head.startswith(GOOD) or LENGTH not in head:
            self.fail(f"Not an answer to measure: {self.buffer[:500]!r}")
        elif len(body) >= int(head.partition(LENGTH)[2].partition(b"\r\n")[0]):
            self.buffer = b""
            self.latencies.append(time.perf_counter() - self.sent)
            self.go_on()

    def go_on(self) -> None:
        """Send the next request, or report that the last one has been answered."""
        if self.left:
            self.send()
        elif self.done and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the burst if the server closes the connection."""
        self.fail(f"The server closed the connection: {exc}")

    def fail(self, why: str) -> None:
        """End the burst."""
        if self.done and not self.done.done():
            self.done.set_exception(LoadError(why))


class Load:
    """Connections to one port, each warmed up with one request."""

    def __init__(self, port: int, request: bytes, concurrency: int) -> None:
        """Take where to connect, what to send, and how many connections to open."""
        self.port = port
        self.clients = [Client(request) for _ in range(concurrency)]

    async def open(self) -> None:
        """Connect, and get one answer on each connection."""
        await asyncio.gather(*(client.connect(self.port) for client in self.clients))
        await self.burst(len(self.clients))

    async def burst(self, requests: int) -> Burst:
        """Send about so many requests: the same number on each connection."""
        each = max(1, requests // len(self.clients))
        burst = Burst(each * len(self.clients), started=time.perf_counter())
        async with asyncio.timeout(LONGEST_BURST_SECONDS):
            await asyncio.gather(*(client.run(each) for client in self.clients))
        burst.ended = time.perf_counter()
        burst.latencies = [seconds for client in self.clients for seconds in client.latencies]
        return burst

    def close(self) -> None:
        """Close every connection."""
        for client in self.clients:
            client.transport.abort()


async def ask_once(port: int, request: bytes) -> None:
    """Get one good answer, or raise LoadError or OSError."""
    client = Client(request)
    await client.connect(port)
    try:
        async with asyncio.timeout(LONGEST_BURST_SECONDS):
            await client.run(1)
    finally:
        client.transport.abort()


async def measure(port: int, path: str, requests: int, concurrency: int) -> Burst:
    """Measure one burst of GETs."""
    load = Load(port, get(path), concurrency)
    await load.open()
    try:
        return await load.burst(requests)
    finally:
        load.close()


def main() -> None:
    """Send one burst from the command line, to a server that somebody else started."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="on 127.0.0.1 (8000)")
    parser.add_argument("--path", default="/health/live", help="what is asked (/health/live)")
    parser.add_argument("--requests", type=at_least_one, default=2000, help="how many (2000)")
    parser.add_argument("--concurrency", type=at_least_one, default=64, help="at a time (64)")
    o = parser.parse_args()
    burst = uvloop.run(measure(o.port, o.path, o.requests, o.concurrency))
    latency = spread([1000 * seconds for seconds in burst.latencies]).text(2)
    say(f"{burst.requests / burst.seconds:,.0f} requests/s, latency {latency} ms")


if __name__ == "__main__":
    main()

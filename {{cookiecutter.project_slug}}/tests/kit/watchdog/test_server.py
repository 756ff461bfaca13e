"""The watchdog in a server in its own process, on uvloop if it is installed."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import ROOT, log_lines, serve

BLOCKING = "tests.kit.watchdog.blocking"
SOURCE = "tests/kit/watchdog/blocking.py"

needs_fifo = pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
Server = tuple[httpx2.Client, "subprocess.Popen[str]"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve the app with blocking routes and the watchdog."""
    with serve(tmp_path, BLOCKING, LOOP_WATCHDOG_MS="50") as (client, process):
        yield client, process


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """Return a named pipe: reading it blocks until something is written."""
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


def go_on(fifo: Path) -> None:
    """Write into the pipe once it is read: to open it before would wait, perhaps for ever."""
    for _ in range(600):
        try:
            writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.05)
        else:
            os.write(writer, b"go on")
            os.close(writer)
            return
    pytest.fail("Nobody reads the pipe")


def places(code: str) -> list[str]:
    """Return the places of this piece of code in the blocking routes."""
    lines = (ROOT / SOURCE).read_text().splitlines()
    return [f"{SOURCE}:{number}" for number, line in enumerate(lines, 1) if code in line]


def reports(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    """Yield the server's reports about its loop as they arrive."""
    with log_lines(process) as lines:
        for line in lines:
            if "The event loop" in line:
                yield json.loads(line)


@needs_fifo
def test_a_handler_that_waits_in_the_loop_is_named_meanwhile_and_afterwards(
    server: Server, fifo: Path
) -> None:
    client, process = server
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.get, "/waits", params={"fifo": str(fifo)})
        still = next(reports(process))
        go_on(fifo)
        assert answer.result().json() == "go on"
    was = next(reports(process))
    for line, event in ((still, "is still blocked"), (was, "was blocked")):
        assert line["event"] == f"The event loop {event}"
        assert line["handler"] == "__main__.waits"
        assert line["at"] == places("fifo.read_text()")[0]
        assert line["code"].startswith("return fifo.read_text()")
        assert line["inside"].endswith(".Path.open")  # the module depends on Python's version
    assert was["duration_ms"] >= still["duration_ms"] >= 500
    assert client.get("/health/live").status_code == 200


def test_a_handler_that_calculates_in_the_loop_is_named(server: Server) -> None:
    client, process = server
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(next, reports(process))
        for _ in range(300):  # ask again, in case the machine gave it too little CPU time
            client.get("/calculates")
            if found.done():
                break
        process.terminate()
    assert found.result()["handler"] == "__main__.calculates"
    assert found.result()["at"] in places("time.thread_time() < end") + places("rounds += 1")


@needs_fifo
def test_a_handler_that_waits_in_a_thread_is_not_accused(server: Server, fifo: Path) -> None:
    client, process = server
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.get, "/waits-in-a-thread", params={"fifo": str(fifo)})
        for _ in range(200):
            client.get("/health/live")
        go_on(fifo)
        assert answer.result().json() == "go on"
    process.terminate()
    assert list(reports(process)) == []

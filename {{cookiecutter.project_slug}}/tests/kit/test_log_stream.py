"""What happens to a log line that nobody takes: it is dropped, and nothing else happens."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kit import log_stream
from app.kit.log_stream import PATIENCE_MS, PIECE, LogStream
from tests.conftest import serve
from tests.tasks.test_survival import submit, wait_for_state

PIPE_BYTES = 65_536


@pytest.fixture
def pipe() -> Iterator[tuple[int, LogStream]]:
    """Return the reading end of a pipe, and the stream that writes into it."""
    reader, writer = os.pipe()
    with open(writer, "w") as file:  # noqa: PTH123 it has no path
        yield reader, LogStream(file)
    os.close(reader)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a disk that is always full")
def test_a_full_disk_takes_no_line_and_raises_nothing() -> None:
    with Path("/dev/full").open("w") as full:
        LogStream(full).write("lost\n")


def test_a_reader_that_has_gone() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as file:  # noqa: PTH123 it has no path
        LogStream(file).write("lost\n")


def test_a_stream_that_is_closed(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        stream = LogStream(file)
    stream.write("lost\n")
    assert (tmp_path / "log").read_text() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no `poll`")
def test_a_reader_that_stands_still_is_waited_for_once(pipe: tuple[int, LogStream]) -> None:
    reader, stream = pipe

    def write_much() -> None:
        for _ in range(500):
            stream.write("x" * 999 + "\n")

    writes = threading.Thread(target=write_much)
    before = time.monotonic()
    writes.start()
    writes.join(30)
    assert not writes.is_alive()
    assert time.monotonic() - before < 15, "it waited for each of 500 lines"
    read = b""
    while len(read) < PIPE_BYTES - 8_192:
        read += os.read(reader, PIPE_BYTES)
    stream.write("taken again\n")
    *lines, last = os.read(reader, PIPE_BYTES).decode().splitlines()
    assert last == "taken again", "and on a line of its own"
    assert set("".join(lines)) <= {"x"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no `poll`")
def test_a_slow_reader_is_waited_for_once_until_it_has_kept_up(
    pipe: tuple[int, LogStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, stream = pipe
    poll, waits = stream._poll, []
    assert poll

    def read_when_waited_for(milliseconds: int) -> object:
        if milliseconds:
            waits.append(milliseconds)
            os.read(reader, PIECE)
        return poll(0)

    monkeypatch.setattr(stream, "_poll", read_when_waited_for)
    for _ in range(60):
        stream.write("x" * (PIECE - 1) + "\n")
    assert waits == [PATIENCE_MS]
    monkeypatch.setattr(log_stream, "CALM_SECONDS", 0)
    for _ in range(3):  # the first sets how long to wait, as of now
        stream.write("x" * (PIECE - 1) + "\n")
    assert waits == [PATIENCE_MS] * 3


def test_a_line_after_a_torn_one_begins_on_its_own(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        stream = LogStream(file)
        stream.write("half a li")
        stream._torn = True  # as after a disk that filled up within the line
        stream.write("whole\n")
    assert (tmp_path / "log").read_text().splitlines() == ["half a li", "whole"]


def test_a_service_whose_log_nobody_reads_does_its_work(tmp_path: Path) -> None:
    with serve(tmp_path) as (client, process):
        assert process.stderr
        for _ in range(400):  # more than a pipe holds
            client.get("/health/live").raise_for_status()
        process.stderr.close()
        process.stderr = None
        client.get("/v1/predictions").raise_for_status()
        task = wait_for_state(client, submit(client, seconds=0), "succeeded", "failed")
    assert task["state"] == "succeeded"

"""Whether the service inside a machine answers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.showcases.machines import health
from app.showcases.machines.health import is_healthy
from tests.conftest import free_port
from tests.showcases.machines.cloud import Inside


@pytest.mark.parametrize(
    ("status", "healthy"),
    [(200, True), (204, True), (302, False), (401, False), (404, False), (503, False)],
)
def test_only_2xx_is_healthy_and_no_redirection_is_followed(
    inside: Inside, status: int, healthy: bool
) -> None:
    inside.status = status
    assert is_healthy(inside.url) is healthy
    assert inside.asked == ["/health/ready"]


def test_the_query_is_sent_and_a_path_is_not_needed(inside: Inside) -> None:
    inside.status = 200
    base = inside.url.removesuffix("/health/ready")
    assert is_healthy(f"{base}/health?deep=1")
    assert is_healthy(base)
    assert inside.asked == ["/health?deep=1", "/"]


def test_no_proxy_is_asked(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    inside.status = 200
    assert is_healthy(inside.url)


@contextmanager
def answering(text: bytes) -> Iterator[str]:
    """Listen, and answer every connection with this text, or not at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            connection = server.accept()[0]
            kept.append(connection)
            if text:
                connection.recv(4096)
                connection.sendall(text)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        for connection in kept:
            connection.close()


@pytest.mark.parametrize("text", [b"\r\n", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_not_healthy(text: bytes) -> None:
    with answering(text) as url:
        assert not is_healthy(url)


def test_one_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.2)
    with answering(b"") as url:
        begun = time.monotonic()
        assert not is_healthy(url)
        assert time.monotonic() < begun + 2


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_one_that_does_not_listen_is_not_healthy(scheme: str) -> None:
    assert not is_healthy(f"{scheme}://127.0.0.1:{free_port()}/")

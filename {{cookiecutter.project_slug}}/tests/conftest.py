"""What any test may use: its own settings, a client, a trained artefact, a real server."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from asyncio import BaseEventLoop
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.kit.logs import configure_logs
from app.kit.watchdog.thread import Block, Watchdog
from app.main import create_app
from app.settings import Settings
from tests.graphs import write_flower

ROOT = Path(__file__).parents[1]
LOCAL = "http://localhost"
LONGEST_BLOCK_SECONDS = 1.0  # on a busy machine, a short wait can become a long one
LONGEST_START_SECONDS = 60
LONGEST_READ_SECONDS = 120


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of the person who runs the tests away from them."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def own_logs() -> None:
    """Log to the standard error of this test: that of the previous one may be closed."""
    configure_logs()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Return the event loop for tests that are marked `anyio`."""
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return development settings, with a fake model and a database in the test's own folder."""
    return Settings(
        database_url=SecretStr(f"sqlite:///{tmp_path}/app.sqlite3"),
        models="tests.fakes:MODELS",
        shutdown_seconds=1,
    )


@pytest.fixture
def database(settings: Settings) -> Path:
    """Return the path of the SQLite file in these settings."""
    return Path(settings.database_url.get_secret_value().removeprefix("sqlite:///"))


@pytest.fixture(autouse=True)
def loop_stays_free(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> Iterator[None]:
    """Fail the test if anything blocks one of its event loops, and name the line."""
    blocks: list[Block] = []
    run_forever = BaseEventLoop.run_forever

    def run_watched(loop: BaseEventLoop) -> None:
        with Watchdog(loop, LONGEST_BLOCK_SECONDS, blocks.append, pytestconfig.rootpath):
            run_forever(loop)

    # every loop, including those that the code under test creates
    monkeypatch.setattr(BaseEventLoop, "run_forever", run_watched)
    yield
    over = [block for block in blocks if block.over]
    if over:
        pytest.fail("\n".join(map(explain_block, over)), pytrace=False)


def explain_block(block: Block) -> str:
    """Return what a learner needs to fix a handler that blocks."""
    place = block.place
    return (
        f"{place.handler} blocked the event loop for {block.seconds * 1000:.0f} ms:\n"
        f"  {place.file}:{place.line}: {place.code}\n"
        "Nobody else was answered meanwhile. Await it, make the route a `def`, or use a thread: "
        "docs/blocked-loop.md"
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """Yield a client of a started app, whose handlers must not block the event loop."""
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        yield client


@pytest.fixture(scope="session")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a MODELS_DIR for `tests.graphs:MODELS`; do not change it."""
    folder = tmp_path_factory.mktemp("models")
    write_flower(folder)
    return folder


Server = Callable[..., "subprocess.Popen[str]"]
started: "list[subprocess.Popen[str]]" = []


@pytest.fixture(autouse=True)
def nothing_outlives_its_test() -> Iterator[None]:
    """Kill what `start` has started, and a test that failed did not end."""
    yield
    while started:
        kill_group(started.pop())


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def serve(
    folder: Path, module: str = "app", log: Path | None = None, /, **variables: str
) -> Iterator[tuple[httpx2.Client, subprocess.Popen[str]]]:
    """Run `python -m app` in its own process until it answers; at the end, send SIGTERM."""
    port = free_port()
    process = start(folder, module, log, PORT=str(port), **variables)
    try:
        host = "[::1]" if variables.get("HOST") == "::1" else "127.0.0.1"
        with httpx2.Client(base_url=f"http://{host}:{port}", timeout=30) as client:
            wait_until_live(client, process)
            yield client, process
    finally:
        process.terminate()
        end(process)


def start(
    folder: Path, module: str = "app", log: Path | None = None, /, **variables: str
) -> subprocess.Popen[str]:
    """Start `python -m app` with its database in `folder`, and these environment variables.

    It logs to a pipe, or to this file. It leads a process group of its own, so that nothing that it
    starts can outlive its test.
    """
    environment = {
        **os.environ,
        "PORT": str(free_port()),
        "DATABASE_URL": f"sqlite:///{folder}/app.sqlite3",
        "MODELS": "tests.fakes:MODELS",
        **variables,
    }
    with log.open("a") if log else nullcontext(subprocess.PIPE) as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=environment,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    started.append(process)
    return process


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill what `start` has started, and all that this has started, even if it is suspended."""
    if process.returncode is not None:
        return  # its number may be that of another by now
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def end(process: subprocess.Popen[str]) -> None:
    """Wait for what was told to stop; if it does not, kill it and fail."""
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        kill_group(process)
        process.communicate(timeout=30)
        raise


@contextmanager
def log_lines(process: subprocess.Popen[str]) -> Iterator[Iterator[str]]:
    """Give the lines of a server's log as they arrive.

    After a while it is killed, with which the log ends: a test that waits for a line fails.
    """
    assert process.stderr
    limit = threading.Timer(LONGEST_READ_SECONDS, kill_group, [process])
    limit.start()
    try:
        yield iter(process.stderr)
    finally:
        limit.cancel()


def wait_until_live(client: httpx2.Client, process: subprocess.Popen[str]) -> None:
    """Return once the server answers; if it ends first, fail with what it printed."""
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"The server ended: {process.communicate(timeout=30)[1]}")
        try:
            client.get("/health/live", timeout=5).raise_for_status()
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"The server did not answer within {LONGEST_START_SECONDS} seconds")

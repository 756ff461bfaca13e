"""`python -m app` in real processes: it starts or says why not, and stops when asked."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from app.__main__ import check, main
from app.kit.start import StartError
from app.kit.supervisor import Worker
from app.settings import Settings
from tests.conftest import ROOT, free_port, kill_group, log_lines, serve, start, wait_until_live
from tests.fakes import FLOWER
from tests.test_errors import assert_problem

SECRET = "not-long-enough-secret"
BOTH_SERVE = [r"startup complete"] * 2
UNFINISHED = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
Process = subprocess.Popen[str]


def read_until(process: Process, *patterns: str) -> str:
    """Read lines of the log until each of these was found, one after the other; return them."""
    read = []
    with log_lines(process) as lines:
        for pattern in patterns:
            for line in lines:
                read.append(line)
                if re.search(pattern, line):
                    break
            else:
                pytest.fail(f"{pattern} is not in the log: {''.join(read)}")
    return "".join(read)


def workers(log: str) -> list[int]:
    """Return the ids of the workers in a log."""
    return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", log)]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ({"MAX_BODY_BYTES": "1"}, "MAX_BODY_BYTES: Input should be greater than or equal to 1024"),
        ({"APP_ENV": "prod", "API_KEY": SECRET}, "API_KEY must be a key of your own"),
        (
            {"MODELS": "tests.graphs:MODELS", "MODELS_DIR": "nowhere"},
            "/current cannot be read",
        ),
        ({"MODELS": "tests.nothing:MODELS"}, "MODELS: tests.nothing:MODELS is missing"),
        (
            {"DATABASE_URL": "sqlite:////dev/null/app.sqlite3"},
            "DATABASE_URL: /dev/null/app.sqlite3",
        ),
        (
            {"DATABASE_URL": "mysql://user:hush@host/app"},
            "DATABASE_URL: Input should be sqlite:///",
        ),
    ],
)
def test_a_start_that_fails_says_why_and_exits_non_zero(
    variables: dict[str, str], cause: str, workers: str, tmp_path: Path
) -> None:
    process = start(tmp_path, WORKERS=workers, **variables)
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert cause in printed
    assert "Traceback" not in printed
    assert SECRET not in printed


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_one_clear_line(workers: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start(tmp_path, WORKERS=workers, PORT=port)
        (line,) = process.communicate(timeout=60)[1].splitlines()
    assert process.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in line


@pytest.mark.anyio
@pytest.mark.parametrize("host", ["192.0.2.1", "a..b", "x" * 64])
async def test_an_address_that_is_not_of_this_machine(host: str) -> None:
    settings = Settings(host=host, api_key=SecretStr("k"))
    with pytest.raises(StartError, match=rf"Cannot listen on {host}:8000: .*HOST is set in"):
        await check(settings, FastAPI())


def test_the_other_kind_of_address_is_served(tmp_path: Path) -> None:
    with serve(tmp_path, HOST="::1", ALLOWED_HOSTS="[::1]") as (client, _):
        assert client.get("/health/ready").status_code == 200


def test_a_bug_in_a_loader_shows_where_it_is(tmp_path: Path) -> None:
    process = start(tmp_path, MODELS="tests.fakes:FAILING")
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "fakes.py" in printed
    assert printed.splitlines()[-1] == (
        "The app did not start. The model flower could not be loaded. ZeroDivisionError: a bug in "
        "somebody's loader"
    )


# what happens between the check and the end

opened: list[str] = []


@asynccontextmanager
async def counting(_: FastAPI) -> AsyncIterator[None]:
    """Fail at the second start, as a model does that was damaged after the check."""
    opened.append("")
    assert len(opened) < 2
    yield


@asynccontextmanager
async def taking_the_port(_: FastAPI) -> AsyncIterator[None]:
    """Take the port once it has been checked."""
    with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))):
        yield


app = FastAPI()
failing = FastAPI(lifespan=counting)
taking = FastAPI(lifespan=taking_the_port)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Set a port for `main`, and restore the signals' handlers that it changes."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setattr(sys, "argv", ["app"])  # where a program finds its arguments
    yield port
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_uvicorn_is_given_the_settings(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[uvicorn.Config] = []

    def serve_nothing(config: uvicorn.Config) -> bool:
        given.append(config)
        return True

    monkeypatch.setattr("app.__main__.serve", serve_nothing)
    with pytest.raises(SystemExit) as ended:
        main(f"{__name__}:app")
    (config,) = given
    assert (config.app, config.host, config.port) == (f"{__name__}:app", "127.0.0.1", port)
    # a model that needs more than uvicorn's five seconds to load must not look like a hung worker
    assert config.timeout_worker_healthcheck >= 60
    assert config.access_log is False
    assert ended.value.code == 0


@pytest.mark.usefixtures("port")
@pytest.mark.parametrize(
    ("target", "line"),
    [("failing", "Application startup failed"), ("taking", "address already in use")],
)
def test_what_goes_wrong_after_the_check_is_no_success(
    target: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    opened.clear()
    with pytest.raises(SystemExit) as ended:
        main(f"{__name__}:{target}")
    assert ended.value.code == 1
    assert line in caplog.text


@pytest.mark.parametrize(
    ("count", "number"),
    [
        ("1", signal.SIGTERM),
        ("1", signal.SIGINT),
        ("1", signal.SIGHUP),
        ("2", signal.SIGTERM),
    ],
)
def test_it_serves_and_stops_in_order_when_asked(
    count: str, number: signal.Signals, tmp_path: Path
) -> None:
    with serve(tmp_path, WORKERS=count) as (client, process):
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: client.post("/v1/predictions", json=FLOWER), range(40))
            )
        assert {answer.status_code for answer in answers} == {201}
        listed = client.get("/v1/predictions", params={"limit": 100}).json()["items"]
        assert {item["id"] for item in listed} == {answer.json()["id"] for answer in answers}
        process.send_signal(number)
        printed = process.communicate(timeout=30)[1]
    assert process.returncode == 0
    assert "Application shutdown complete" in printed


def test_a_prediction_under_way_is_answered_before_it_stops(tmp_path: Path) -> None:
    with serve(tmp_path, MODELS="tests.fakes:STOPPED") as (client, process):
        assert client.post("/v1/predictions", json=FLOWER).status_code == 201
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_second_ctrl_c_waits_for_no_worker(tmp_path: Path) -> None:
    with serve(tmp_path, WORKERS="2", SHUTDOWN_SECONDS="600") as (_, process):
        frozen, _ = workers(read_until(process, *BOTH_SERVE))
        os.kill(frozen, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        read_until(process, *["Terminated child process"] * 2)
        process.send_signal(signal.SIGINT)
        printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert f'"pid":{frozen},"cause":"It did not stop in time."' in printed


@pytest.mark.parametrize("count", ["1", "2"])
def test_what_never_returns_does_not_keep_it_from_ending(count: str, tmp_path: Path) -> None:
    variables = {"WORKERS": count, "MODELS": "tests.fakes:STUCK"}
    with serve(tmp_path, SHUTDOWN_SECONDS="1", **variables) as (_, process):
        process.terminate()
        printed = process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert '"cause":"It did not stop in time."' in printed


def test_the_first_request_of_a_new_connection_is_answered_while_it_stops(tmp_path: Path) -> None:
    """It was on its way: a proxy that connects for each request would have lost it."""
    with serve(tmp_path) as (client, process):
        with socket.create_connection(("127.0.0.1", client.base_url.port or 0), 30) as new:
            client.get("/health/live").raise_for_status()  # by then it has the other one as well
            process.terminate()
            read_until(process, "Waiting for connections to close")
            new.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert new.recv(1000).startswith(b"HTTP/1.1 200 ")
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_second_ctrl_c_does_not_wait_and_is_no_success(tmp_path: Path) -> None:
    with serve(tmp_path) as (client, process):
        with socket.create_connection(("127.0.0.1", client.base_url.port)) as connection:
            connection.sendall(UNFINISHED)
            # the server has read the first connection before it answers on a second one
            httpx2.get(f"{client.base_url}/health/live").raise_for_status()
            process.send_signal(signal.SIGINT)
            read_until(process, "Waiting for connections to close")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert process.returncode == 1


def test_stored_means_stored(tmp_path: Path) -> None:
    with serve(tmp_path) as (client, process):
        created = client.post("/v1/predictions", json=FLOWER).json()
        process.kill()
    with serve(tmp_path) as (client, _):
        assert client.get("/v1/predictions").json()["items"] == [created]


def test_a_file_never_gets_the_number_of_a_stream(tmp_path: Path) -> None:
    port = free_port()
    variables = {
        "PORT": str(port),
        "WORKERS": "2",
        "DATABASE_URL": f"sqlite:///{tmp_path}/app.sqlite3",
        "MODELS": "tests.fakes:MODELS",
    }
    closed = ["sh", "-c", 'exec "$0" -m app <&- >&- 2>&-', sys.executable]
    process = subprocess.Popen(closed, cwd=ROOT, env=os.environ | variables, text=True)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        wait_until_live(client, process)
        assert client.post("/v1/predictions", json=FLOWER).status_code == 201
    process.terminate()
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("sent", ["", "/iris"], ids=["taken-away", "left"])
def test_every_address_is_right_behind_a_proxy_that_has_a_prefix(tmp_path: Path, sent: str) -> None:
    """Whether the proxy takes the prefix away or leaves it."""
    with serve(tmp_path, ROOT_PATH="/iris") as (client, _):

        def follow(address: str) -> httpx2.Response:
            """Follow an address of the service's as a client behind the proxy does."""
            assert address.startswith("/iris/")
            return client.get(sent + address.removeprefix("/iris"))

        stored = client.post(f"{sent}/v1/predictions", json=FLOWER)
        assert follow(stored.headers["Location"]).json() == stored.json()
        task = client.post(f"{sent}/v1/tasks/wait", json={"seconds": 0})
        assert follow(task.headers["Location"]).json()["id"] == task.json()["id"]
        page = client.get(f"{sent}/docs").text
        addresses = re.findall(r"""(?:src|href|url)(?:=|: )["']([^"']+)["']""", page)
        assert "/iris/openapi.json" in addresses
        assert [follow(address).status_code for address in addresses] == [200] * len(addresses)
        assert follow("/iris/openapi.json").json()["servers"] == [{"url": "/iris"}]
        assert_problem(client.get(f"{sent}/v1/predictions/{UUID(int=0)}"), 404)
        assert_problem(client.get("/irish/v1/model"), 404)
        health = client.get(f"{sent}/health/ready", headers={"Host": "10.0.0.1"})
        assert health.status_code == 200


# several workers


def test_workers_end_in_order_on_sighup_and_with_their_parent(tmp_path: Path) -> None:
    with serve(tmp_path, WORKERS="2") as (client, process):
        before = workers(read_until(process, *BOTH_SERVE))
        process.send_signal(signal.SIGHUP)
        after = workers(read_until(process, *["Finished server process"] * 2))
        assert client.get("/health/ready").status_code == 200
        assert len({*before, *after}) == 4
        process.kill()
        printed = process.communicate(timeout=30)[1]  # until the last of them has closed it
    assert printed.count("Finished server process") == 2


def test_a_worker_that_cannot_start_leaves_the_others_alone(artefact: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(artefact, tmp_path / "models")
    real = {"MODELS": "tests.graphs:MODELS", "MODELS_DIR": str(folder)}
    (card_file,) = folder.glob("*/*/card.json")
    with serve(tmp_path, WORKERS="2", **real) as (client, process):
        first, second = workers(read_until(process, *BOTH_SERVE))
        card_file.write_text("{")
        os.kill(first, signal.SIGKILL)
        read_until(process, "startup failed")
        for _ in range(20):
            assert client.get("/health/ready").status_code == 200
        os.kill(second, signal.SIGKILL)
        printed = process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert "No worker can start" in printed


def test_while_workers_stop_new_connections_are_refused(tmp_path: Path) -> None:
    """Nobody would answer them, and only at the end would they know."""
    with serve(tmp_path, WORKERS="2") as (client, process):
        read_until(process, *BOTH_SERVE)
        address = ("127.0.0.1", client.base_url.port or 0)
        with socket.create_connection(address) as connection:
            connection.sendall(UNFINISHED)
            client.get("/health/live").raise_for_status()
            process.terminate()
            read_until(process, "Finished server process")  # that of the other worker
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address, timeout=5)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_worker_that_does_not_stop_is_killed_which_is_no_success(tmp_path: Path) -> None:
    with serve(tmp_path, WORKERS="2", SHUTDOWN_SECONDS="1") as (_, process):
        frozen, _ = workers(read_until(process, *BOTH_SERVE))
        os.kill(frozen, signal.SIGSTOP)
        process.terminate()
        printed = process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert f'"pid":{frozen},"cause":"It did not stop in time."' in printed
    assert printed.count("Finished server process") == 1


def test_a_restart_kills_a_worker_that_does_not_stop(tmp_path: Path) -> None:
    with serve(tmp_path, WORKERS="2", SHUTDOWN_SECONDS="1") as (client, process):
        frozen, _ = workers(read_until(process, *BOTH_SERVE))
        os.kill(frozen, signal.SIGSTOP)
        process.send_signal(signal.SIGHUP)
        log = read_until(process, f'"pid":{frozen},"cause":"It did not stop in time."')
        if "Finished server process" not in log:  # the other one's turn may come first
            read_until(process, "Finished server process")
        assert client.get("/health/ready").status_code == 200
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_restart_goes_on_once_a_damaged_model_is_replaced(artefact: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(artefact, tmp_path / "models")
    real = {"MODELS": "tests.graphs:MODELS", "MODELS_DIR": str(folder)}
    (card_file,) = folder.glob("*/*/card.json")
    with serve(tmp_path, WORKERS="2", **real) as (client, process):
        read_until(process, *BOTH_SERVE)
        card = card_file.read_text()
        card_file.write_text("{")
        process.send_signal(signal.SIGHUP)
        read_until(process, "startup failed")
        for _ in range(20):
            assert client.get("/health/ready").status_code == 200
        card_file.write_text(card)
        read_until(process, *["Finished server process"] * 2)
        assert client.get("/health/ready").status_code == 200


def test_the_others_are_looked_after_during_a_restart(tmp_path: Path) -> None:
    with serve(tmp_path, WORKERS="2", SHUTDOWN_SECONDS="600") as (_, process):
        frozen, _ = workers(read_until(process, *BOTH_SERVE))
        os.kill(frozen, signal.SIGSTOP)
        process.send_signal(signal.SIGHUP)
        *_, newest = workers(read_until(process, rf"Terminated child process \[{frozen}\]"))
        os.kill(newest, signal.SIGKILL)
        read_until(process, "worker_replaced", "startup complete")
        kill_group(process)  # or the frozen one would have its ten minutes


def test_a_worker_answers_for_the_server_that_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads ask for it at once, and uvicorn gives each its own if the machine is slow."""
    make = uvicorn.Server.__init__

    def make_slowly(server: uvicorn.Server, config: uvicorn.Config) -> None:
        time.sleep(0.2 if threading.current_thread() is threading.main_thread() else 0.6)
        make(server, config)

    monkeypatch.setattr(uvicorn.Server, "__init__", make_slowly)
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, _: setattr(server, "started", True))
    worker = Worker(uvicorn.Config(FastAPI()), [])
    worker.parent_conn.send(b"ping")
    worker.target([])
    worker.is_ready()
    assert worker.is_ready()

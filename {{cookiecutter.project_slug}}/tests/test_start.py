"""`python -m app` in real processes: it starts or says why not, and stops when asked."""

import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from app.__main__ import main
from tests.conftest import free_port, serve, start
from tests.fakes import FLOWER

SECRET = "not-long-enough-secret"
app = FastAPI()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ({"MAX_BODY_BYTES": "1"}, "MAX_BODY_BYTES: Input should be greater than or equal to 1024"),
        ({"APP_ENV": "prod", "API_KEY": SECRET}, "API_KEY must be a key of your own"),
        (
            {"MODEL_LOADER": "app.serving.onnx:load_model", "MODEL_DIR": "nowhere"},
            "nowhere/card.json cannot be read",
        ),
        ({"MODEL_LOADER": "tests.nothing:load"}, "MODEL_LOADER: tests.nothing:load is missing"),
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


def test_the_other_kind_of_address_is_served(tmp_path: Path) -> None:
    with serve(tmp_path, HOST="::1", ALLOWED_HOSTS="[::1]") as (client, _):
        assert client.get("/health/ready").status_code == 200


def test_a_bug_in_a_loader_shows_where_it_is(tmp_path: Path) -> None:
    process = start(tmp_path, MODEL_LOADER="tests.fakes:fail_to_load")
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "a bug in somebody's loader" in printed
    assert "fakes.py" in printed


def test_uvicorn_is_given_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    port, given = free_port(), dict[str, Any]()
    monkeypatch.setenv("HOST", "127.0.0.1")
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setattr(sys, "argv", ["app"])  # where a program finds its arguments
    # the real one serves until the process is stopped
    monkeypatch.setattr("uvicorn.run", lambda app, **options: given.update(options, app=app))
    main(f"{__name__}:app")
    assert (given["app"], given["host"], given["port"]) == (f"{__name__}:app", "127.0.0.1", port)
    # a model that needs more than uvicorn's five seconds to load must not look like a hung worker
    assert given["timeout_worker_healthcheck"] >= 60
    assert given["access_log"] is False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_and_stops_when_asked(workers: str, tmp_path: Path) -> None:
    with serve(tmp_path, WORKERS=workers) as (client, process):
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: client.post("/v1/predictions", json=FLOWER), range(40))
            )
        assert {answer.status_code for answer in answers} == {201}
        listed = client.get("/v1/predictions", params={"limit": 100}).json()["items"]
        assert {item["id"] for item in listed} == {answer.json()["id"] for answer in answers}
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        # once everything is closed, uvicorn ends a single worker with the signal itself
        assert process.returncode in (0, -signal.SIGTERM)


def test_a_prediction_under_way_is_answered_before_it_stops(tmp_path: Path) -> None:
    with serve(tmp_path, MODEL_LOADER="tests.fakes:load_stopped_model") as (client, process):
        assert client.post("/v1/predictions", json=FLOWER).status_code == 201
        process.communicate(timeout=30)
        assert process.returncode in (0, -signal.SIGTERM)


def test_stored_means_stored(tmp_path: Path) -> None:
    with serve(tmp_path) as (client, process):
        created = client.post("/v1/predictions", json=FLOWER).json()
        process.kill()
    with serve(tmp_path) as (client, _):
        assert client.get("/v1/predictions").json()["items"] == [created]

"""The API key: what is accepted and what is not. test_routes.py: every route demands it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL, ROOT, free_port, wait_until_live
from tests.fakes import FLOWER

KEY = "0123456789abcdef0123456789abcdef"
OLD = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """Yield a client of an app that has a key."""
    locked = settings.model_copy(update={"api_key": SecretStr(KEY)})
    with TestClient(create_app(locked), base_url=LOCAL) as client:
        yield client


def test_a_request_without_the_key_is_told_which_one(client: TestClient) -> None:
    answer = client.post("/v1/predict", json=FLOWER)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "ApiKey"
    assert "X-API-Key" in answer.json()["detail"]


@pytest.mark.parametrize("given", ["", KEY[:-1], KEY + "x", KEY.upper(), "ключ", "\xff"])
def test_another_key_is_refused(client: TestClient, given: str) -> None:
    answer = client.get("/v1/model", headers={b"X-API-Key": given.encode()})
    assert answer.status_code == 401
    assert KEY not in answer.text


def test_the_key_opens(client: TestClient) -> None:
    assert client.get("/v1/model", headers={"X-API-Key": KEY}).status_code == 200


def test_while_clients_change_to_another_key_the_old_one_opens_too(settings: Settings) -> None:
    keys = {"api_key": SecretStr(KEY), "api_key_old": SecretStr(OLD)}
    with TestClient(create_app(settings.model_copy(update=keys)), base_url=LOCAL) as client:
        given = {key: client.get("/v1/model", headers={"X-API-Key": key}) for key in (KEY, OLD, "")}
    assert [answer.status_code for answer in given.values()] == [200, 200, 401]


def test_health_needs_no_key(client: TestClient) -> None:
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    ("address", "status"), [("localhost", 200), ("127.0.0.1", 200), ("192.0.2.1", 403)]
)
def test_without_a_key_all_may_call_on_this_machine(
    address: str, status: int, settings: Settings
) -> None:
    anyone = settings.model_copy(update={"allowed_hosts": ["*"]})
    # in a test, the host of the URL is also the address that the request came to
    with TestClient(create_app(anyone), base_url=f"http://{address}") as client:
        assert client.get("/v1/model").status_code == status
        assert client.get("/health/live").status_code == 200


def test_a_server_that_does_not_read_host_does_not_answer_other_machines(tmp_path: Path) -> None:
    port = free_port()
    command = ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", str(port)]
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/app.sqlite3",
        "MODELS": "tests.fakes:MODELS",
        "ALLOWED_HOSTS": "*",
    }
    with (
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        try:
            wait_until_live(client, process)
            assert client.get("/v1/model").status_code == 200
            # all of 127.0.0.0/8 is this machine, but only one of them is what it answers to
            elsewhere = client.get(f"http://127.0.0.2:{port}/v1/model")
            assert elsewhere.status_code == 403
            assert "API_KEY" in elsewhere.json()["detail"]
        finally:
            process.kill()

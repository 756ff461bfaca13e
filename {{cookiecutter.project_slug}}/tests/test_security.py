"""The API key: what is accepted and what is not. test_routes.py: every route demands it."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL
from tests.fakes import FLOWER

KEY = "0123456789abcdef0123456789abcdef"


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


def test_health_needs_no_key(client: TestClient) -> None:
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 200


def test_without_a_key_all_may_call(settings: Settings) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        assert client.get("/v1/model").status_code == 200

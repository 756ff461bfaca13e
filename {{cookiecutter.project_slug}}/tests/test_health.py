"""Alive is not ready."""

import sqlite3

from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.storage.connection import StorageUnavailableError
from tests.conftest import LOCAL
from tests.fakes import CARD, BrokenModel, opens


def test_alive(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


def test_ready_with_the_models_version(client: TestClient) -> None:
    assert client.get("/health/ready").json() == {"status": "ok", "model_version": CARD.version}


def test_alive_but_not_ready_with_a_model_that_fails_at_every_call(settings: Settings) -> None:
    app = create_app(settings, open_models=opens(BrokenModel()))
    with TestClient(app, base_url=LOCAL) as client:
        assert client.get("/health/live").status_code == 200
        answer = client.get("/health/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"] == "urn:problem:ModelNotReady"
    assert "secret" not in answer.text


def test_alive_but_not_ready_without_storage(client: TestClient) -> None:
    def away() -> None:
        raise StorageUnavailableError from sqlite3.OperationalError("disk I/O error")

    client.app_state["storage"].ping = away
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "disk" not in answer.text

"""Alive is not ready."""

import sqlite3

from fastapi.testclient import TestClient

from app.storage.connection import StorageUnavailableError
from tests.fakes import CARD


def test_alive(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


def test_ready_with_the_models_version(client: TestClient) -> None:
    assert client.get("/health/ready").json() == {"status": "ok", "model_version": CARD.version}


def test_alive_but_not_ready_without_storage(client: TestClient) -> None:
    def away() -> None:
        raise StorageUnavailableError from sqlite3.OperationalError("disk I/O error")

    client.app_state["storage"].ping = away
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "disk" not in answer.text

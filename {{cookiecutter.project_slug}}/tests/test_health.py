"""Alive is not ready."""

import sqlite3

from fastapi.testclient import TestClient

from app.state import AppState
from tests.fakes import CARD


def test_alive(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}


def test_ready_with_the_models_version(client: TestClient) -> None:
    assert client.get("/health/ready").json() == {"status": "ok", "model_version": CARD.version}


def test_alive_but_not_ready_without_storage(client: TestClient) -> None:
    state: AppState = client.app_state  # type: ignore[assignment]

    async def away(_: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    state["database"].execute_fetchall = away  # type: ignore[method-assign, assignment]
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "disk" not in answer.text

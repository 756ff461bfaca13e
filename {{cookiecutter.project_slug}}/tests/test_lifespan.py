"""What is opened before the first request is closed after the last one."""

import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.kit.start import StartError
from app.main import create_app
from app.settings import Settings
from tests import fakes
from tests.conftest import LOCAL


def test_the_model_is_loaded_once_and_closed_once(settings: Settings) -> None:
    app = create_app(settings)
    before = len(fakes.made)
    with TestClient(app, base_url=LOCAL) as client:
        for _ in range(3):
            client.post("/v1/predict", json=fakes.FLOWER)
    (model,) = fakes.made[before:]
    assert model.calls == ["load", *["predict"] * (fakes.CHECKS + 3), "close"]


def test_the_model_is_closed_when_the_database_cannot_be_opened(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    url = SecretStr(f"sqlite:///{tmp_path}/file/app.sqlite3")
    broken = settings.model_copy(update={"database_url": url})
    with (
        pytest.raises(StartError, match="DATABASE_URL"),
        TestClient(create_app(broken), base_url=LOCAL),
    ):
        pass
    assert fakes.made[-1].calls == ["load", *["predict"] * fakes.CHECKS, "close"]


def test_nothing_is_left_running(settings: Settings) -> None:
    before = threading.active_count()
    with TestClient(create_app(settings), base_url=LOCAL):
        assert threading.active_count() > before
    assert threading.active_count() <= before + 1  # anyio keeps an idle thread for a while

"""A provider, a machine with a service inside it, and the settings that name them."""

import os
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL
from tests.showcases.machines.cloud import (
    AWS_ACCESS_KEY_ID,
    AWS_DEFAULT_REGION,
    AWS_ENDPOINT_URL_EC2,
    AWS_SECRET_ACCESS_KEY,
    Cloud,
    Inside,
    running_cloud,
    running_inside,
    running_moto,
)

ADMIN_KEY = "a" * 32


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    with running_moto() as address:
        yield address


@pytest.fixture
def cloud(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Give the provider, for all that boto3 asks in this test or in a process that it starts."""
    with running_cloud(moto) as cloud:
        variables = {
            AWS_ENDPOINT_URL_EC2: cloud.url,
            "AWS_ACCESS_KEY_ID": AWS_ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": AWS_SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": AWS_DEFAULT_REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield cloud


@pytest.fixture
def inside() -> Iterator[Inside]:
    with running_inside() as inside:
        yield inside


@pytest.fixture
def instance(cloud: Cloud) -> str:
    """Return the id of an instance that is stopped."""
    return cloud.make_instance()


@pytest.fixture
def settings(settings: Settings, instance: str, inside: Inside) -> Settings:
    """Return settings with one machine, and little patience."""
    return settings.model_copy(
        update={
            "machines": [f"gpu={instance}@{inside.url}"],
            "machines_admin_key": SecretStr(ADMIN_KEY),
            "machines_poll_seconds": 0.05,
            "machines_retry_seconds": 0.05,
            "task_poll_seconds": 0.05,
            "task_backoff_seconds": 0.01,
            "task_max_attempts": 3,
        }
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        yield client

"""A function that shares a Postgres with processes elsewhere, which run its tasks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws_lambda.events import http
from tests.aws_lambda.runtime import KEY, function, request
from tests.conftest import serve
from tests.fakes import FLOWER
from tests.servers import Postgres, running
from tests.tasks.helpers import wait_for

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Run a server for these tests."""
    with running(Postgres, tmp_path_factory.mktemp("postgres")) as server:
        yield server


def test_what_the_function_accepts_is_kept_and_done_elsewhere(
    postgres: Postgres, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres.url, "API_KEY": KEY}
    with function(tmp_path / "log", **given) as served:
        kept = served.call(http(request("POST", "/v1/predictions", FLOWER)))
        task = served.call(http(request("POST", "/v1/tasks/wait", {"seconds": 0.01})))
        assert (kept["statusCode"], task["statusCode"]) == (201, 202)
        place = task["headers"]["location"]
        state = json.loads(served.call(http(request("GET", place)))["body"])["state"]
        assert state == "queued"
        with serve(tmp_path, **given) as (elsewhere, _):
            elsewhere.headers["X-API-Key"] = KEY
            found = elsewhere.get(f"/v1/predictions/{json.loads(kept['body'])['id']}")
            assert found.json() == json.loads(kept["body"])
            wait_for(lambda: elsewhere.get(place).json()["state"] == "succeeded")
        assert json.loads(served.call(http(request("GET", place)))["body"])["state"] == "succeeded"


def test_a_database_that_was_away_while_the_function_was_frozen_is_found_again(
    postgres: Postgres, tmp_path: Path
) -> None:
    with function(tmp_path / "log", DATABASE_URL=postgres.url, STORAGE_SECONDS="2") as served:
        asked = http(request("POST", "/v1/predictions", FLOWER))
        assert served.call(asked)["statusCode"] == 201
        with served.frozen():
            postgres.stop()
            postgres.start()
        statuses = [served.call(asked)["statusCode"] for _ in range(2)]
    assert statuses == [201, 201]

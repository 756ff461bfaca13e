"""What the routes say of a provider that refuses, does not answer, or knows no such machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.showcases.machines.provider import explain
from tests.conftest import LOCAL, ROOT, free_port
from tests.showcases.machines.cloud import (
    AWS_ENDPOINT_URL_EC2,
    SECRET,
    Cloud,
    Handler,
    Inside,
    listening,
    running_inside,
)
from tests.showcases.machines.test_start import GPU, START, ended, start
from tests.showcases.machines.test_stop import STOP
from tests.test_errors import assert_problem

ROUTES = [("GET", "/v1/instances"), ("GET", GPU), ("POST", START), ("POST", STOP)]


def assert_all_routes(client: TestClient, name: str, *secrets: str) -> None:
    """Check that every route answers with this problem, and says nothing of what is secret."""
    for method, path in ROUTES:
        answer = client.request(method, path)
        problem = assert_problem(answer, 503)
        assert problem["type"] == f"urn:problem:{name}"
        assert int(answer.headers["Retry-After"]) > 0
        for secret in secrets:
            assert secret not in answer.text


@pytest.mark.parametrize(
    "code", ["UnauthorizedOperation", "AuthFailure", "ExpiredToken", "OptInRequired"]
)
def test_refused_credentials_are_the_operators_matter(
    settings: Settings, cloud: Cloud, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.refuse("DescribeInstances", code, status=403)
    [instance] = [target.instance_id for target in settings.targets.values()]
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        assert_all_routes(client, "ProviderRefused", SECRET, instance)
        assert code in client.get(GPU).json()["detail"]
    logged = capsys.readouterr().err
    assert code in logged
    assert "Traceback" not in logged


def test_without_credentials_region_or_a_possible_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"):
        with monkeypatch.context() as patch:
            patch.delenv(name)
            with TestClient(create_app(settings), base_url=LOCAL) as client:
                assert_all_routes(client, "ProviderRefused")
    monkeypatch.setenv(AWS_ENDPOINT_URL_EC2, "nonsense")
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        assert_all_routes(client, "ProviderRefused", "nonsense")


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError", "Unavailable"])
def test_a_busy_provider_is_asked_again_later(client: TestClient, cloud: Cloud, code: str) -> None:
    cloud.refuse("DescribeInstances", code, status=503)
    assert_all_routes(client, "ProviderUnavailable")


def test_a_provider_that_cannot_be_reached(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(AWS_ENDPOINT_URL_EC2, f"http://127.0.0.1:{free_port()}")
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        assert_all_routes(client, "ProviderUnavailable", "127.0.0.1")
    logged = capsys.readouterr().err
    assert "EndpointConnectionError" in logged
    assert "Traceback" not in logged


@pytest.mark.parametrize("text", ["", "<html>no provider</html>", "plain", "<open"])
def test_something_else_that_answers_is_no_provider(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with listening(partial(Handler, lambda *_: (502, text))) as url:
        monkeypatch.setenv(AWS_ENDPOINT_URL_EC2, url)
        with TestClient(create_app(settings), base_url=LOCAL) as client:
            for method, path in ROUTES:
                assert_problem(client.request(method, path), 503)


def test_a_task_outlives_an_outage(client: TestClient, cloud: Cloud, inside: Inside) -> None:
    inside.status = 200
    cloud.refuse("StartInstances", "ServiceUnavailable", times=2, status=503)
    assert ended(client, start(client))["state"] == "succeeded"
    assert cloud.count("StartInstances") == 3


def test_a_task_that_is_refused_until_its_end_says_why(client: TestClient, cloud: Cloud) -> None:
    cloud.refuse("StartInstances", "UnauthorizedOperation")
    task = ended(client, start(client))
    assert (task["state"], task["problem"]["title"]) == ("dead", "Provider Refused")
    assert SECRET not in json.dumps(task)
    problem = assert_problem(client.post(START, params={"wait": 30}), 503)
    assert problem["type"] == "urn:problem:ProviderRefused"


# machines that are not there


@pytest.fixture
def lost(settings: Settings) -> Iterator[TestClient]:
    """Return a client of a service with a machine more, which the provider does not know."""
    with running_inside() as other:
        machines = [*settings.machines, f"lost=i-0123456789abcdef0@{other.url}"]
        more = settings.model_copy(update={"machines": machines})
        with TestClient(create_app(more), base_url=LOCAL) as client:
            yield client


def test_an_unknown_id_is_a_clear_problem_and_hides_no_other_machine(lost: TestClient) -> None:
    items = lost.get("/v1/instances").json()["items"]
    assert {item["name"]: item["state"] for item in items} == {"gpu": "stopped", "lost": "gone"}
    for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/stop")):
        answer = lost.request(method, f"/v1/instances/lost{path}")
        problem = assert_problem(answer, 410)
        assert "its id in MACHINES is wrong" in problem["detail"]
        assert "i-0123456789abcdef0" not in answer.text


def test_one_that_is_terminated_is_gone(client: TestClient, cloud: Cloud, instance: str) -> None:
    task = start(client)
    cloud.client().terminate_instances(InstanceIds=[instance])
    assert ended(client, task)["problem"]["type"] == "urn:problem:MachineGone"
    assert_problem(client.get(GPU), 410)


@pytest.mark.parametrize("code", ["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"])
def test_an_id_that_is_refused_when_it_is_started(
    client: TestClient, cloud: Cloud, code: str
) -> None:
    cloud.refuse("StartInstances", code)
    assert_problem(client.post(START, params={"wait": 30}), 410)
    assert cloud.count("StartInstances") == 1


@pytest.mark.parametrize("name", ["GPU", "gp", "gpu2", "%20", "gpu%00", "a" * 300])
def test_a_name_that_is_not_configured_is_a_404(
    client: TestClient, cloud: Cloud, name: str
) -> None:
    for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/stop")):
        assert_problem(client.request(method, f"/v1/instances/{name}{path}"), 404)
    assert cloud.asked == []


def test_without_the_setting_there_are_no_machines(settings: Settings, cloud: Cloud) -> None:
    none = settings.model_copy(update={"machines": []})
    with TestClient(create_app(none), base_url=LOCAL) as client:
        assert client.get("/v1/instances").json() == {"items": []}
        assert_problem(client.get(GPU), 404)
        assert_problem(client.post(START), 404)
    assert cloud.asked == []


@pytest.mark.parametrize("code", ["i-0123456789abcdef0", "a b", "x" * 65, "None0", ""])
def test_a_code_that_could_be_anything_is_not_shown(code: str) -> None:
    assert not code or code not in explain(code).detail


def test_boto3_is_imported_at_the_first_question(
    cloud: Cloud, inside: Inside, tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        "from fastapi.testclient import TestClient\n"
        "from app.main import app\n"
        "with TestClient(app, base_url='http://localhost') as client:\n"
        "    client.get('/v1/instances/other')\n"
        "    assert not {'boto3', 'botocore'} & sys.modules.keys()\n"
        "    print(client.get('/v1/instances/gpu').json()['state'])\n"
        "    assert {'boto3', 'botocore'} <= sys.modules.keys()\n"
    )
    machine = f"gpu={cloud.make_instance()}@{inside.url}"
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/app.sqlite3"}
    variables = {"MACHINES": machine, "MODELS": "tests.fakes:MODELS", "ACCESS_LOG": "false"}
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **variables, **database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.stdout, said.returncode) == ("stopped\n", 0), said.stderr

"""Starting a machine: from stopped, through all that may happen, until the service answers."""

from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.showcases.machines import kinds
from tests.conftest import LOCAL
from tests.showcases.machines.cloud import Cloud, Inside
from tests.tasks.helpers import wait_for
from tests.test_errors import assert_problem

GPU = "/v1/instances/gpu"
START = f"{GPU}/start"
FINAL = ("succeeded", "failed", "dead", "cancelled")


def state(client: TestClient) -> str:
    """Return the state of the machine."""
    return str(client.get(GPU).raise_for_status().json()["state"])


def start(client: TestClient) -> str:
    """Ask for a start, and return the address of its task."""
    answer = client.post(START)
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def ended(client: TestClient, task: str) -> dict[str, Any]:
    """Return the task once it has ended."""
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(client.get(task).raise_for_status().json())
        return found["state"] in FINAL

    wait_for(has_ended)
    return found


def test_a_machine_runs_once_the_service_inside_it_answers(
    client: TestClient, cloud: Cloud, inside: Inside, instance: str
) -> None:
    assert state(client) == "stopped"
    answer = client.post(START)
    assert answer.status_code == 202
    task = answer.headers["Location"]
    assert task == f"/v1/tasks/{answer.json()['task']}"
    assert int(answer.headers["Retry-After"]) == 1
    wait_for(lambda: cloud.state(instance) == "running")
    wait_for(lambda: client.get(task).json()["progress"] == 0.7)
    assert state(client) == "starting"
    assert client.get(task).json()["state"] == "running"
    assert client.get(GPU).json()["task"] == answer.json()["task"]
    inside.status = 204
    assert ended(client, task)["result"] == {"state": "running"}
    assert client.get(GPU).json() == {"name": "gpu", "state": "running", "task": None}
    assert client.get("/v1/instances").json()["items"] == [client.get(GPU).json()]


def test_an_answer_may_be_held_until_it_runs(
    client: TestClient, inside: Inside, cloud: Cloud
) -> None:
    answer = client.post(START, params={"wait": 2})
    assert (answer.status_code, answer.json()["state"]) == (202, "starting")
    inside.status = 200
    again = client.post(START, params={"wait": 30})
    assert (again.status_code, again.json()["state"]) == (200, "running")
    assert "Location" not in again.headers
    assert cloud.count("StartInstances") == 1


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "inf", "long"])
def test_nobody_waits_for_ever(client: TestClient, wait: str) -> None:
    assert_problem(client.post(START, params={"wait": wait}), 422)


def test_one_that_runs_is_not_started(client: TestClient, inside: Inside, cloud: Cloud) -> None:
    cloud.show("running")
    inside.status = 200
    assert client.post(START).status_code == 200
    assert cloud.count("StartInstances") == 0


def test_whoever_asks_later_gets_the_same_task_and_after_its_end_another(
    client: TestClient, inside: Inside, cloud: Cloud, instance: str
) -> None:
    first = start(client)
    assert {start(client) for _ in range(5)} == {first}
    inside.status = 200
    ended(client, first)
    cloud.client().stop_instances(InstanceIds=[instance])
    inside.status = 503
    second = start(client)
    assert second != first
    assert start(client) == second
    inside.status = 200
    assert ended(client, second)["state"] == "succeeded"
    assert cloud.count("StartInstances") == 2


def test_one_that_is_stopping_is_started_once_it_has_stopped(
    client: TestClient, inside: Inside, cloud: Cloud
) -> None:
    inside.status = 200
    cloud.show("stopping", "stopping", "stopping", "stopped", "pending", "running")
    assert ended(client, start(client))["state"] == "succeeded"
    asked = cloud.asked[: cloud.asked.index("StartInstances")]
    assert asked == ["DescribeInstances"] * 4
    assert cloud.count("StartInstances") == 1


def test_one_that_stops_again_while_it_is_pending_has_failed(
    client: TestClient, cloud: Cloud, instance: str
) -> None:
    cloud.reason = "Client.VolumeLimitExceeded"
    cloud.show("stopped", "stopped", "pending", "pending", "stopped")
    answer = client.post(START, params={"wait": 30})
    problem = assert_problem(answer, 409)
    assert problem["title"] == "Start Failed"
    assert "stopped again while it started: Client.VolumeLimitExceeded." in problem["detail"]
    assert cloud.count("StartInstances") == 1
    assert state(client) == "stopped"
    [task] = client.get("/v1/tasks", params={"kind": "start-machine"}).json()["items"]
    assert (task["state"], task["problem"]["type"]) == ("failed", "urn:problem:StartFailed")
    assert instance not in answer.text


def test_so_has_one_that_somebody_else_started(client: TestClient, cloud: Cloud) -> None:
    cloud.reason = "Client.UserInitiatedShutdown"
    cloud.show("pending", "pending", "pending", "stopping", "stopped")
    problem = assert_problem(client.post(START, params={"wait": 30}), 409)
    assert problem["detail"].endswith(": Client.UserInitiatedShutdown.")
    assert cloud.count("StartInstances") == 0


def test_a_provider_may_be_late_to_show_the_start(
    client: TestClient, inside: Inside, cloud: Cloud
) -> None:
    inside.status = 200
    cloud.show("stopped", "stopped", "stopped", "stopped", "pending", "running")
    assert ended(client, start(client))["state"] == "succeeded"
    assert cloud.count("StartInstances") == 1


def test_but_not_for_ever(
    client: TestClient, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "STALE_SECONDS", 0.2)
    cloud.show("stopped")
    assert ended(client, start(client))["problem"]["title"] == "Start Failed"


def test_one_that_does_not_answer_in_time_has_failed(settings: Settings, inside: Inside) -> None:
    short = settings.model_copy(update={"machines_seconds": 1.5})
    with TestClient(create_app(short), base_url=LOCAL) as client:
        problem = assert_problem(client.post(START, params={"wait": 30}), 409)
        assert "did not answer within MACHINES_SECONDS" in problem["detail"]
        assert inside.asked


def test_a_start_can_be_cancelled(client: TestClient, inside: Inside, cloud: Cloud) -> None:
    task = start(client)
    wait_for(lambda: cloud.count("StartInstances"))
    client.delete(task).raise_for_status()
    assert ended(client, task)["state"] == "cancelled"
    inside.status = 200
    wait_for(lambda: state(client) == "running")  # what was asked of the provider goes on


# no room


def refused(answer: httpx2.Response) -> None:
    """Check that the answer says that there is no room."""
    problem = assert_problem(answer, 503)
    assert problem["type"] == "urn:problem:NoCapacity"
    assert int(answer.headers["Retry-After"]) >= 10


def test_without_room_it_is_tried_again_and_said(
    settings: Settings, inside: Inside, cloud: Cloud
) -> None:
    cloud.refuse("StartInstances", "InsufficientInstanceCapacity", times=1, status=500)
    slow = settings.model_copy(update={"machines_retry_seconds": 1.0})
    with TestClient(create_app(slow), base_url=LOCAL) as client:
        refused(client.post(START, params={"wait": 30}))
        assert state(client) == "no-capacity"
        refused(client.post(START))
        inside.status = 200
        wait_for(lambda: state(client) == "running")
    assert cloud.count("StartInstances") == 2


def test_without_room_for_long_the_task_is_dead_and_the_next_one_tries(
    client: TestClient, inside: Inside, cloud: Cloud
) -> None:
    cloud.refuse("StartInstances", "InsufficientInstanceCapacity", times=3)
    task = start(client)
    assert ended(client, task)["state"] == "dead"
    assert cloud.count("StartInstances") == 3
    assert state(client) == "stopped"
    inside.status = 200
    assert start(client) != task
    wait_for(lambda: state(client) == "running")


def test_room_that_is_lost_while_it_is_pending_is_no_failure(
    client: TestClient, cloud: Cloud, inside: Inside
) -> None:
    cloud.reason = "Server.InsufficientInstanceCapacity"
    cloud.show("stopped", "stopped", "pending", "stopped")
    refused(client.post(START, params={"wait": 30}))
    cloud.reason = ""
    cloud.show()
    inside.status = 200
    wait_for(lambda: state(client) == "running")

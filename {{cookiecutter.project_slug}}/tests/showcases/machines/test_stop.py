"""Stopping a machine, which loses against everybody who is present."""

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL
from tests.showcases.machines.cloud import Cloud, Inside
from tests.showcases.machines.conftest import ADMIN_KEY
from tests.showcases.machines.test_start import GPU, START, ended, start, state
from tests.tasks.helpers import wait_for
from tests.test_errors import assert_problem

STOP = f"{GPU}/stop"
ADMIN = {"X-Admin-Key": ADMIN_KEY}


@pytest.fixture
def running(client: TestClient, inside: Inside) -> TestClient:
    """Return a client of a service whose machine runs."""
    inside.status = 200
    assert client.post(START, params={"wait": 30}).json()["state"] == "running"
    return client


def join(client: TestClient, *names: str) -> None:
    """Make these people present."""
    for name in names:
        session = {"session": session_of(name)}
        client.put(f"/v1/presence/{name}", params=session).raise_for_status()


def session_of(name: str) -> str:
    """Return the session of this person."""
    return name.encode().hex()[:64]


def leave(client: TestClient, name: str) -> None:
    """End the session of this person."""
    session = {"session": session_of(name)}
    client.delete(f"/v1/presence/{name}", params=session).raise_for_status()


def test_a_machine_that_nobody_uses_is_stopped(running: TestClient, cloud: Cloud) -> None:
    answer = running.post(STOP)
    assert answer.status_code == 202
    assert ended(running, answer.headers["Location"])["result"] == {"state": "stopped"}
    assert state(running) == "stopped"
    again = running.post(STOP)
    assert (again.status_code, again.json()["state"]) == (200, "stopped")
    assert cloud.count("StopInstances") == 1


def test_an_answer_may_be_held_until_it_is_stopped(running: TestClient) -> None:
    answer = running.post(STOP, params={"wait": 30})
    assert (answer.status_code, answer.json()["state"]) == (200, "stopped")


def test_while_people_are_present_they_are_named(running: TestClient, cloud: Cloud) -> None:
    join(running, "ada", "Zoë M.")
    problem = assert_problem(running.post(STOP), 409)
    assert problem["type"] == "urn:problem:MachineInUse"
    assert problem["detail"] == "It is not stopped while these are present: Zoë M., ada."
    leave(running, "ada")
    assert "ada" not in assert_problem(running.post(STOP), 409)["detail"]
    leave(running, "Zoë M.")
    assert running.post(STOP, params={"wait": 30}).status_code == 200
    assert cloud.count("StopInstances") == 1


def test_of_many_only_some_are_named(running: TestClient) -> None:
    join(running, *(f"person {number}" for number in range(25)))
    detail = assert_problem(running.post(STOP), 409)["detail"]
    assert detail.count("person") == 20
    assert detail.endswith(" and 5 others.")


def test_whoever_joins_after_the_question_is_asked_about_again(
    running: TestClient, cloud: Cloud
) -> None:
    cloud.show("pending")
    task = running.post(STOP).headers["Location"]
    wait_for(lambda: running.get(task).json()["progress"] == 0.1)
    join(running, "ada")
    cloud.show("running")
    found = ended(running, task)
    assert (found["state"], found["problem"]["type"]) == ("failed", "urn:problem:MachineInUse")
    assert "ada" in found["problem"]["detail"]
    assert cloud.count("StopInstances") == 0


def test_a_provider_that_is_not_ready_to_stop_it_is_asked_again(
    running: TestClient, cloud: Cloud
) -> None:
    cloud.refuse("StopInstances", "IncorrectInstanceState", times=1)
    assert running.post(STOP, params={"wait": 30}).status_code == 200
    assert cloud.count("StopInstances") == 2


def test_one_that_is_pending_is_stopped_once_it_runs(running: TestClient, cloud: Cloud) -> None:
    cloud.asked.clear()
    cloud.show("pending", "pending", "pending", "running", "stopping", "stopped")
    assert running.post(STOP, params={"wait": 30}).status_code == 200
    assert cloud.asked.index("StopInstances") == 4  # after three looks that saw it pending
    assert cloud.count("StopInstances") == 1


def test_a_stop_loses_against_a_start(running: TestClient, cloud: Cloud) -> None:
    cloud.show("running", "running", "stopping", "stopping", "pending")
    problem = assert_problem(running.post(STOP, params={"wait": 30}), 409)
    assert problem["detail"] == "Somebody has started the machine again."


def test_one_that_does_not_stop_in_time_has_failed(settings: Settings, cloud: Cloud) -> None:
    short = settings.model_copy(update={"machines_seconds": 0.3})
    cloud.show("running")
    with TestClient(create_app(short), base_url=LOCAL) as client:
        problem = assert_problem(client.post(STOP, params={"wait": 30}), 409)
    assert problem["title"] == "Stop Failed"


# by force


def test_an_operator_stops_it_all_the_same(running: TestClient, cloud: Cloud) -> None:
    join(running, "ada")
    params = {"force": "true", "wait": "30"}
    assert running.post(STOP, params=params, headers=ADMIN).status_code == 200
    assert cloud.count("StopInstances") == 1


def test_an_operator_does_not_get_the_task_of_somebody_who_asked(
    running: TestClient, cloud: Cloud
) -> None:
    cloud.show("pending")
    asked = running.post(STOP).headers["Location"]
    join(running, "ada")
    forced = running.post(STOP, params={"force": "true"}, headers=ADMIN).headers["Location"]
    assert forced != asked
    assert running.post(STOP, params={"force": "true"}, headers=ADMIN).headers["Location"] == forced
    cloud.show()
    assert ended(running, forced)["state"] == "succeeded"


@pytest.mark.parametrize("key", [None, "", "b" * 32, "ä" * 32, ADMIN_KEY[:-1]])
def test_without_the_operators_key_nobody_is_forced(
    running: TestClient, cloud: Cloud, key: str | None
) -> None:
    headers = {} if key is None else {b"X-Admin-Key": key.encode("latin-1")}
    assert_problem(running.post(STOP, params={"force": "true"}, headers=headers), 403)
    assert cloud.count("StopInstances") == 0


def test_without_the_setting_nobody_can_force(settings: Settings, cloud: Cloud) -> None:
    cloud.show("running")
    plain = settings.model_copy(update={"machines_admin_key": None})
    with TestClient(create_app(plain), base_url=LOCAL) as client:
        for headers in ({}, ADMIN, {"X-Admin-Key": ""}):
            answer = client.post(STOP, params={"force": "true"}, headers=headers)
            assert "MACHINES_ADMIN_KEY" in assert_problem(answer, 403)["detail"]


def test_the_key_alone_forces_nothing(running: TestClient) -> None:
    join(running, "ada")
    assert_problem(running.post(STOP, headers=ADMIN), 409)


@pytest.mark.parametrize("kind", ["start-machine", "stop-machine"])
def test_no_client_can_submit_the_tasks_themselves(
    client: TestClient, cloud: Cloud, kind: str
) -> None:
    """Or anyone with the API key could force a stop, and start twice."""
    order = {"machine": "gpu", "forced": True}
    problem = assert_problem(client.post(f"/v1/tasks/{kind}", json=order), 422)
    assert "below /v1/instances" in problem["errors"][0]["message"]
    assert client.get("/v1/tasks").json()["items"] == []
    assert set(cloud.asked) <= {"DescribeInstances"}


def test_the_page_of_the_api_shows_no_example_of_them(client: TestClient) -> None:
    assert "start-machine" not in client.get("/openapi.json").text


def test_a_start_follows_a_stop(running: TestClient, cloud: Cloud) -> None:
    assert running.post(STOP, params={"wait": 30}).status_code == 200
    assert ended(running, start(running))["state"] == "succeeded"
    assert (cloud.count("StartInstances"), cloud.count("StopInstances")) == (2, 1)

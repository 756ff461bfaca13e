"""The tasks, where they run: also in a worker, whose settings are not those of the service."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings
from app.showcases.machines.kinds import START, STOP, Order
from app.showcases.machines.settings import MachineSettings
from app.showcases.presence.settings import PresenceSettings
from app.showcases.presence.store import PresenceStore
from app.tasks.engine.runner import Runner
from app.tasks.kinds.registry import KINDS
from app.tasks.schemas import Task, TaskProblem, TaskState
from app.tasks.service import encode_payload
from app.tasks.settings import TaskSettings
from tests.fakes import FakeModel, opens
from tests.showcases.machines.cloud import Cloud, Inside
from tests.tasks.helpers import new_task, opened_tasks, run


@pytest.fixture
def worker(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inside: Inside
) -> Iterator[Runner]:
    """Give a worker; which machines there are is in its environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MACHINES", ",".join(settings.machines))
    monkeypatch.setenv("MACHINES_POLL_SECONDS", "0.05")
    inside.status = 200
    own = TaskSettings()
    assert not isinstance(own, MachineSettings | PresenceSettings)
    with (
        opened_tasks(tmp_path / "app.sqlite3", [(START, 1), (STOP, 1)]) as tasks,
        closing(opens(FakeModel())(own)) as models,
        closing(Runner(tasks.store, models, own, KINDS)) as runner,
    ):
        yield runner


def carried_out(worker: Runner, kind: str, order: Order) -> Task:
    """Return the task after its first attempt."""
    return run(worker, new_task(kind, encode_payload(order)))


def problem_of(task: Task) -> TaskProblem:
    """Return the problem of a task that failed."""
    assert (task.state, task.result) == (TaskState.FAILED, None)
    assert task.problem
    return task.problem


def test_a_worker_starts_and_stops(worker: Runner, cloud: Cloud, instance: str) -> None:
    assert carried_out(worker, START, Order.of("gpu")).result == {"state": "running"}
    assert cloud.state(instance) == "running"
    assert carried_out(worker, STOP, Order.of("gpu")).result == {"state": "stopped"}
    assert cloud.state(instance) == "stopped"


def test_once_more_does_no_harm(worker: Runner, cloud: Cloud) -> None:
    for kind in (START, START, STOP, STOP):
        assert carried_out(worker, kind, Order.of("gpu")).state is TaskState.SUCCEEDED
    assert (cloud.count("StartInstances"), cloud.count("StopInstances")) == (1, 1)


def test_a_worker_asks_who_is_present_right_before_the_stop(worker: Runner, cloud: Cloud) -> None:
    carried_out(worker, START, Order.of("gpu"))
    PresenceStore(worker.store.storage, 90).join.sync("ada", "a")
    problem = problem_of(carried_out(worker, STOP, Order.of("gpu")))
    assert problem.detail == "It is not stopped while these are present: ada."
    assert cloud.count("StopInstances") == 0
    assert carried_out(worker, STOP, Order.of("gpu", forced=True)).state is TaskState.SUCCEEDED


def test_a_machine_that_is_no_longer_configured(worker: Runner) -> None:
    problem = problem_of(carried_out(worker, START, Order.of("old")))
    assert "MACHINES" in problem.detail


def test_only_the_service_makes_an_order() -> None:
    stored = encode_payload(Order.of("gpu", forced=True))
    assert Order.model_validate_json(stored) == Order.of("gpu", forced=True)
    with pytest.raises(ValidationError, match="by the routes below"):
        Order.model_validate({"machine": "gpu", "forced": True})
    with pytest.raises(ValidationError, match="by the routes below"):
        Order(machine="gpu", forced=True)

"""The `celery` engine with a folder as its broker, which needs no server."""

import base64
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.exceptions import OperationalError
from pydantic import SecretStr

from app.settings import Settings
from app.tasks.engine.celery.channel import Places
from app.tasks.engine.celery.engine import QUEUE, RUN, CeleryEngine, make_celery
from tests.conftest import serve, start
from tests.tasks.helpers import added, new_task, opened_tasks
from tests.tasks.messages import BROKEN
from tests.tasks.test_survival import FAST, SERVED, read, submit, wait_for, wait_for_state

ID = "0911ee7d-43c9-472c-aa7d-998ffb684e4b"


def with_folder(settings: Settings, folder: Path) -> Settings:
    """Return the settings, with this folder as the broker."""
    return settings.model_copy(update={"task_broker_url": SecretStr(f"filesystem://{folder}")})


def test_the_message_in_the_folder_is_json_with_the_id_alone(
    settings: Settings, tmp_path: Path
) -> None:
    with make_celery(with_folder(settings, tmp_path / "broker")) as celery:
        celery.send_task(RUN, [ID], task_id=ID)
        [path] = (tmp_path / "broker").glob("*.msg")
        message = json.loads(path.read_text())
        [arguments, keywords, _] = json.loads(base64.b64decode(message["body"]))
        with celery.connection_for_write() as connection:
            assert connection.default_channel.queue_declare(QUEUE).message_count == 1
    assert (message["content-type"], arguments, keywords) == ("application/json", [ID], {})


def test_a_folder_that_is_gone_is_a_broker_that_is_away(settings: Settings, tmp_path: Path) -> None:
    with make_celery(with_folder(settings, tmp_path / "broker")) as celery:
        shutil.rmtree(tmp_path / "broker")
        with pytest.raises(OperationalError):
            celery.send_task(RUN, [ID], task_id=ID)


def test_tasks_wait_in_the_folder_for_a_worker_whatever_else_lies_there(tmp_path: Path) -> None:
    broker = tmp_path / "broker"
    variables = FAST | {"TASK_ENGINE": "celery", "TASK_BROKER_URL": f"filesystem://{broker}"}
    with serve(tmp_path, SERVED, **variables) as (client, _):
        task_id = submit(client, seconds=0)
        wait_for(lambda: bool(list(broker.glob("*.msg"))))
        assert read(client, task_id)["state"] == "queued"
        for name, message in BROKEN.items():
            (broker / f"0 {name}.tasks.msg").write_text(message)  # the names are in order of age
        worker = start(tmp_path, "tests.tasks.served_worker", **variables)
        task = wait_for_state(client, task_id, "succeeded", "failed", "dead")
        worker.terminate()
        printed = worker.communicate(timeout=30)[1]
    assert (task["state"], task["attempts"]) == ("succeeded", 1)
    assert worker.returncode == 0, printed


def test_a_folder_that_is_gone_cannot_be_counted_either(settings: Settings, tmp_path: Path) -> None:
    engine = CeleryEngine.__new__(CeleryEngine)  # without a store, which is not asked
    engine._celery = make_celery(with_folder(settings, tmp_path / "broker"))
    assert engine._count_announced() == 0
    shutil.rmtree(tmp_path / "broker")
    with pytest.raises(OperationalError):
        engine._count_announced()


@pytest.mark.anyio
@pytest.mark.parametrize("error", [OperationalError, KeyError, TypeError])
async def test_whatever_announcing_raises_the_task_is_announced_again(
    error: type[Exception], settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: list[str]) -> None:
        raise error

    with opened_tasks(tmp_path / "app.sqlite3") as tasks:
        task = added(tasks, new_task())
        engine = CeleryEngine(tasks.store, with_folder(settings, tmp_path / "broker"))
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_announce", fail)
            with pytest.raises(error):
                await engine._announce_due()
        await engine.work()
        await engine.drain()
    [path] = (tmp_path / "broker").glob("*.msg")
    assert str(task.id) in path.read_text()


def test_a_worker_keeps_no_message_but_the_last() -> None:
    places: Any = Places(SimpleNamespace(do_restore=False))  # type: ignore[no-untyped-call]
    for number in range(3):
        places.append(object(), str(number))
    assert list(places._delivered) == ["2"]

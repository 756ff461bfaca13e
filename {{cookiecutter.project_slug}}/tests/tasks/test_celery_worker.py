"""How a Celery worker starts, waits and ends: messages, signals, processes, exit statuses."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from traceback import format_exception

import psycopg
import pytest
from kombu.exceptions import OperationalError
from pydantic import SecretStr

from app.kit.settings import SettingsError, load_settings
from app.settings import Settings
from app.tasks.engine.celery.engine import RUN, make_celery
from app.tasks.engine.celery.settings import EXPECTED
from tests.conftest import ROOT, serve, start
from tests.servers import Postgres
from tests.tasks.test_survival import SERVED, submit, wait_for, wait_for_state
from tests.tasks.workers import (
    all_succeed,
    children,
    postgres,
    redis,
    replace_children,
    runs,
    variables,
    worker,
)

__all__ = ["postgres", "redis", "variables"]  # fixtures

WORKER = "app.tasks.engine.celery.worker"


@pytest.mark.parametrize(
    "url",
    [
        "hush",
        "redis://",
        "redis:///0",
        "redis//:hush@host/0",
        "amqp://user:hush@host//",
        "redis://:hu@sh@host/0",
        "redis://:hu/sh@host/0",
        "redis://:hu#sh@host/0",
        "redis://:hu?sh@host/0",
        "redis://:hu;sh@host/0",
        "redis://:hu[sh@host/0",
        "redis://:hu sh@host/0",
        "redis://:h\u2100sh@host/0",
        "redis://host:hush/0",
        "redis://host:0/0",
        "redis://host:65536/0",
        "redis://host/hush",
        "redis://host/-1",
        "redis://host/0?hush=1",
        "redis://hu..sh/0",
        f"redis://{'hush' * 16}/0",
        "redis://host/0?ssl_cert_reqs=none",
        "redis://[1:2]/0",
        "rediss://host/0?",
        "rediss://host/0?ssl_cert_reqs=hush",
        "rediss://host/0?ssl_hush=1",
        "rediss://host/0?ssl_ca_certs=",
        "rediss://host/0?ssl_check_hostname=hush",
        "filesystem://",
        "FILESYSTEM://hush",
    ],
)
def test_a_broker_that_is_none_is_refused_without_a_part_of_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASK_BROKER_URL", url)
    with pytest.raises(SettingsError) as refused:
        load_settings(Settings)
    message = f"  TASK_BROKER_URL: {EXPECTED} (set in the environment)"
    assert str(refused.value).splitlines()[1:-1] == [message]


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://127.0.0.1:6379/",
        "redis://:p%40%2Fss-:word=@redis:6379/15",
        "redis://user:word@[::1]:6379/0",
        "rediss://user:word@redis.example.com/0?ssl_cert_reqs=CERT_REQUIRED",
        "rediss://redis/0?ssl_ca_certs=/a/ca.pem&ssl_cert_reqs=none&ssl_check_hostname=false",
        "filesystem://var/broker",
    ],
)
def test_a_broker_is_taken_as_it_is_written(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_BROKER_URL", url)
    assert load_settings(Settings).task_broker_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ({"TASK_CONCURRENCY": "0"}, "TASK_CONCURRENCY: Input should be greater than or equal to 1"),
        ({"TASK_BROKER_URL": "redis://:hu@sh@host"}, "TASK_BROKER_URL: Input should be redis://"),
        ({"TASK_BROKER_URL": "filesystem:///dev/null/x"}, "TASK_BROKER_URL: /dev/null/x cannot be"),
        ({"DATABASE_URL": "sqlite:////dev/null/x"}, "DATABASE_URL: /dev/null/x cannot be used"),
        ({"MODELS": "tests.nothing:MODELS"}, "MODELS: tests.nothing:MODELS is missing"),
    ],
)
def test_a_worker_that_cannot_start_says_why(
    variables: dict[str, str], cause: str, tmp_path: Path
) -> None:
    process = start(tmp_path, WORKER, **variables)
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert printed.startswith("The worker did not start. ")
    assert cause in printed
    assert "Traceback" not in printed
    assert "sh@" not in printed


def test_flower_says_it_in_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_BROKER_URL", "hush")
    command = [sys.executable, "-m", "celery", "--app", WORKER, "report"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The worker did not start. The settings are not valid:")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hu@sh@host",
        "filesystem:///dev/null/x",
        "rediss://host?ssl_ca_certs=/dev/null",
        "rediss://host?ssl_certfile=/no/such/file",
        "rediss://host?ssl_keyfile=/no/such/file",
    ],
)
def test_an_app_without_a_usable_broker_does_not_start(url: str, tmp_path: Path) -> None:
    process = start(tmp_path, TASK_ENGINE="celery", TASK_BROKER_URL=url)
    printed = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "The app did not start." in printed
    assert "TASK_BROKER_URL: " in printed
    assert "Traceback" not in printed
    assert "sh@" not in printed


def test_every_outage_that_the_page_tells_of_is_tried() -> None:
    page = (ROOT / "docs" / "celery.md").read_text("utf-8")
    table = page.partition("| what happens |")[2].partition("\n\n")[0].splitlines()[2:]
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for row in table:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert [name for name in named if f"def {name}(" not in tests] == []


class Indiscreet(StreamRequestHandler):
    """Refuses every command by repeating it, as a Redis does that does not know it."""

    def handle(self) -> None:
        """Answer until the client has gone."""
        for line in self.rfile:
            if line.startswith(b"*"):
                words = [
                    self.rfile.readline() and self.rfile.readline() for _ in range(int(line[1:]))
                ]
                text = b"', '".join(word.strip() for word in words[1:])
                self.wfile.write(b"-ERR unknown command, with args beginning with: '%s'\r\n" % text)


def test_no_error_of_redis_repeats_the_password(settings: Settings) -> None:
    with ThreadingTCPServer(("127.0.0.1", 0), Indiscreet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = SecretStr(f"redis://:hush@127.0.0.1:{server.server_address[1]}/0")
        with make_celery(settings.model_copy(update={"task_broker_url": url})) as celery:
            with pytest.raises(OperationalError) as refused:
                celery.send_task(RUN, ["x"])
            shown = "".join(format_exception(refused.value))
        server.shutdown()
    assert "unknown command" in shown
    assert "hush" not in shown


def test_a_worker_that_ends_by_an_error_is_no_success(tmp_path: Path) -> None:
    code = """if True:
        from celery.worker.consumer import Consumer
        from app.tasks.engine.celery.worker import main
        Consumer.start = lambda consumer: 1 / 0
        main()
    """
    variables = {
        **os.environ,
        "TASK_BROKER_URL": f"filesystem://{tmp_path}/broker",
        "DATABASE_URL": f"sqlite:///{tmp_path}/app.sqlite3",
        "MODELS": "tests.fakes:MODELS",
    }
    command = [sys.executable, "-c", code]
    ended = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "Unrecoverable error: ZeroDivisionError" in ended.stderr


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """Return the file that keeps models from being loaded while it exists."""
    return tmp_path / "held"


@pytest.mark.services
def test_a_process_that_loads_its_model_slowly_comes_back(
    variables: dict[str, str], held: Path, tmp_path: Path
) -> None:
    loader = {"MODELS": "tests.tasks.kinds:ALLOWED", "HELD": str(held)}
    with (
        serve(tmp_path, SERVED, **variables) as (client, _),
        worker(tmp_path, **{**variables, **loader}) as process,
    ):
        all_succeed(client, [submit(client, seconds=0)])
        held.touch()
        begun = replace_children(process)
        time.sleep(5)  # Celery would have killed them after four
        assert children(process) == begun
        held.unlink()
        all_succeed(client, [submit(client, seconds=0)])
        assert children(process) == begun


@pytest.mark.services
def test_a_process_that_finds_no_storage_waits_for_it_and_stops_when_asked(
    variables: dict[str, str], postgres: Postgres, tmp_path: Path
) -> None:
    variables = {**variables, "DATABASE_URL": postgres.url}
    with (
        serve(tmp_path, SERVED, **variables) as (client, _),
        worker(tmp_path, **variables) as process,
    ):
        all_succeed(client, [submit(client, seconds=0)])
        postgres.stop()
        begun = replace_children(process)
        postgres.start()
        wait_for(lambda: client.get("/health/ready").status_code == 200)
        all_succeed(client, [submit(client, seconds=0)])
        assert children(process) == begun
        wait_for_state(client, submit(client, seconds=600), "running")
        with psycopg.connect(postgres.url) as database:
            [(owner,)] = database.execute("SELECT owner FROM tasks WHERE state = 'running'")
        postgres.stop()
        # one process has a task that it cannot hand back, and another one has nothing open yet
        busy = int(owner.split(":")[1])
        replace_children(process, busy)
        process.terminate()
        assert process.wait(20) == 0
        postgres.start()


@pytest.mark.services
@pytest.mark.parametrize(
    ("numbers", "to_all", "status", "attempts"),
    [
        ([signal.SIGHUP], False, 0, 0),
        ([signal.SIGTERM, signal.SIGQUIT], False, 0, 0),
        ([signal.SIGINT, signal.SIGINT], False, 1, 0),
        ([signal.SIGTERM], True, 0, 0),
        ([signal.SIGHUP], True, 0, 0),
        ([signal.SIGKILL], False, -signal.SIGKILL, 1),
    ],
    ids=[
        "SIGHUP",
        "SIGTERM and SIGQUIT",
        "SIGINT twice",
        "SIGTERM to all",
        "SIGHUP to all",
        "SIGKILL",
    ],
)
def test_after_a_signal_no_process_is_left_and_the_task_waits_for_another(
    numbers: list[signal.Signals],
    to_all: bool,
    status: int,
    attempts: int,
    variables: dict[str, str],
    tmp_path: Path,
) -> None:
    with (
        serve(tmp_path, SERVED, **variables) as (client, _),
        worker(tmp_path, **variables) as process,
    ):
        task_id = submit(client, seconds=600)
        wait_for_state(client, task_id, "running")
        forked = children(process)
        for number in numbers:
            for pid in [*(forked if to_all else ()), process.pid]:
                os.kill(pid, number)
            time.sleep(0.2)
        assert process.wait(20) == status
        wait_for(lambda: not any(map(runs, forked)))
        assert wait_for_state(client, task_id, "queued")["attempts"] == attempts


@pytest.mark.services
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1])
def test_a_signal_to_a_process_that_runs_a_task_does_not_end_the_task(
    number: signal.Signals, variables: dict[str, str], tmp_path: Path
) -> None:
    with (
        serve(tmp_path, SERVED, **variables) as (client, _),
        worker(tmp_path, **variables) as process,
    ):
        task_id = submit(client, seconds=2)
        wait_for_state(client, task_id, "running")
        for pid in children(process):
            os.kill(pid, number)
        assert wait_for_state(client, task_id, "succeeded")["attempts"] == 1


@pytest.mark.services
def test_a_kind_that_interrupts_its_process_ends_alone(
    variables: dict[str, str], tmp_path: Path
) -> None:
    variables = {**variables, "TASK_MAX_ATTEMPTS": "2", "TASK_CONCURRENCY": "1"}
    with serve(tmp_path, SERVED, **variables) as (client, _), worker(tmp_path, **variables):
        bad = submit(client, "panic", path=str(tmp_path / "note"))
        good = submit(client, seconds=0)
        assert wait_for_state(client, bad, "dead")["attempts"] == 2
        all_succeed(client, [good])

"""What is said of a failure: what the app itself said, and how to do it again."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Desk

from learn.chapters.chapter import Chapter
from learn.chapters.files import write
from learn.commands.replay import log_line_in_words, quote
from learn.grading.exchange import CheckFailed, Exchange
from learn.grading.lab import Lab
from learn.grading.process import NotStarted, environment, why_it_ended
from learn.grading.report import CheckResult
from learn.grading.runner import run_checks
from learn.grading.server import Server
from learn.grading.wire import Line
from learn.progress.explanation import explain_exception

ASKED = "app/showcases/concurrency/router.py"
GRADER = "course/chapters/ch01_live/grader.py"
TRACE = """Traceback (most recent call last):
  File "{folder}/app/tasks/engine.py", line 105, in _announce
    celery.send_task(RUN, id)
  File "/usr/lib/python3.11/site-packages/celery/app/base.py", line 1192, in send_task
    amqp.create_task_message()
TypeError: task args must be a list or tuple"""


def answer(status: int, body: object) -> Exchange:
    """What came back of some request."""
    url, content = "http://127.0.0.1:5/v1/predict", json.dumps(body).encode()
    return Exchange("POST", url, "/v1/predict", {}, b"", status, {}, content)


def test_a_graded_app_keeps_bytecode_where_its_learner_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "PYTHONDONTWRITEBYTECODE"
    monkeypatch.setenv(name, "1")
    assert environment(tmp_path, {})[name] == "1"
    monkeypatch.delenv(name)
    assert name not in environment(tmp_path, {})


def test_a_route_that_raises_is_shown_at_the_learners_own_line(desk: Desk) -> None:
    desk.solve("02")
    desk.change(
        ASKED,
        "await to_thread.run_sync(model.predict, [features])",
        "await model.predict([features])",
    )
    lines = (desk.project / ASKED).read_text("utf-8").split("\n")
    line = next(at for at, text in enumerate(lines, 1) if "await model.predict" in text)
    found = desk.learn("check", "2").stdout
    said = rf"got +500 .*where +{ASKED}:{line}\n +cause +TypeError: .*why +the model was not asked"
    assert re.search(said, found, re.DOTALL)
    replayed = desk.learn("replay", "2").stdout
    assert f"    {ASKED}:{line} in ask_model\n" in replayed
    other = desk.learn("replay", "1")
    assert other.returncode == 1
    assert "uv run learn check 01" in other.stderr


def test_no_answer_is_explained(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process,
    ):
        server = Server(process, tmp_path, tmp_path, {})
        server.url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(CheckFailed) as failed:
            server.get("/", seconds=0.1).expect(200, why="status")
        process.kill()
    assert failed.value.got == "no answer within 0.1 s"


def test_an_exception_behind_another_failure_is_shown(tmp_path: Path) -> None:
    lines: list[Line] = []
    log = tmp_path / "run-1/log"
    log.parent.mkdir()

    def raises(lab: Lab) -> None:
        trace = TRACE.format(folder=lab.folder)
        log.write_text(json.dumps({"level": "error", "event": "failed", "exception": trace}) + "\n")
        raise CheckFailed("not-announced", got="no message", expected="one")

    lab = Lab(tmp_path, tmp_path, 1)
    run_checks([("announced", raises)], lab, lines.append, stop=True)
    chapter = Chapter(tmp_path, "Announce", targets=["app/tasks/engine.py"])
    result = lines[-1]
    assert isinstance(result, CheckResult)
    cause = "TypeError: task args must be a list or tuple (app/tasks/engine.py:105)"
    assert explain_exception(chapter, result) == ("", "", cause)


def test_frames_of_libraries_are_not_taken_for_the_learners() -> None:
    line = json.dumps({"level": "error", "event": "failed", "exception": TRACE.format(folder="")})
    assert not [said for said in log_line_in_words(line) if "base.py" in said]


def test_what_was_compared_is_not_cut_off() -> None:
    found = answer(422, {"detail": "x" * 400, "errors": [{"pointer": ".a", "message": "x" * 900}]})
    with pytest.raises(CheckFailed) as failed:
        found.fail('422 with errors: [{"pointer": "/a"}]', why="errors")
    assert failed.value.got == '422 {"errors": [{"pointer": ".a"}]}'
    with pytest.raises(CheckFailed) as failed:
        answer(501, {"title": "To Do", "status": 501}).expect(200, {"status": "ok"}, why="word")
    assert '"title": "To Do"' in failed.value.got


def test_replay_has_the_settings_and_what_was_sent_before(desk: Desk) -> None:
    desk.solve("01")
    locked = """with lab.serve(api_key="k" * 40) as app:
        app.post("/v1/predict", lab.flower(), {"X-API-Key": "k" * 40}).expect(200, why="word")
        app.get("/health/ready").expect(418, why="word")
    lab.app.get"""
    desk.change(GRADER, "lab.app.get", locked)
    desk.seal()
    assert desk.learn("check", "1").returncode == 1
    found = desk.learn("replay").stdout
    assert f"    API_KEY={'k' * 40} uv run python -m app\n" in found
    before, _, after = found.partition("And then:\n")
    assert "curl -i -X POST http://127.0.0.1:8000/v1/predict " in before
    assert after.startswith("curl -i -X GET http://127.0.0.1:8000/health/ready\n")


def test_replay_of_a_held_inference_has_a_slow_model(desk: Desk) -> None:
    desk.solve("01")
    held = """with lab.app.gate.hold():
        lab.app.get("/").expect(418, why="word")
    lab.app.get"""
    desk.change(GRADER, "lab.app.get", held)
    desk.seal()
    desk.learn("check", "1")
    start = "MODELS=learn.grading.probe:SLOW uv run python -m app\n"
    assert start in desk.learn("replay").stdout


def test_replay_starts_the_app_of_the_chapter_with_a_folder_that_is_there(desk: Desk) -> None:
    desk.solve("01")
    write(desk.project / "course/chapters/ch01_live/kind.py", "from app.main import app as app\n")
    own = """work = lab.new_work()
    settings = {
        "DATABASE_URL": f"sqlite:///{work}/own.sqlite3",
        "TASK_BROKER_URL": f"filesystem://{work.name}/broker",
    }
    with lab.serve(work, "chapters.ch01_live.kind:app", **settings) as app:
        app.get("/health/ready").expect(418, why="word")
    lab.app.get"""
    desk.change(GRADER, "lab.app.get", own)
    desk.seal()
    assert desk.learn("check", "1").returncode == 1
    start = "TASK_BROKER_URL=filesystem://var/broker uv run python -m chapters.ch01_live.kind\n"
    assert f"    {start}" in desk.learn("replay").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("word", ["a b", "x" * 10_000, '{"' + "x" * 300 + "'s\": 1}", "-" * 200])
def test_a_long_name_is_short_in_a_command(word: str) -> None:
    command = quote(word)
    assert len(command) < 250
    printed = subprocess.run(["sh", "-c", f"printf %s {command}"], capture_output=True, check=True)
    assert printed.stdout.decode() == word


def test_a_log_is_offered_where_no_request_is(desk: Desk) -> None:
    desk.change("app/health.py", "class Live", "there = not_there\n\n\nclass Live")
    assert "uv run learn replay" in desk.learn("check", "1").stdout
    assert "NameError" in desk.learn("replay").stdout


def test_a_pass_tells_of_another_file_that_cannot_be_read(desk: Desk) -> None:
    desk.solve("01")
    (desk.project / "app/main.py").write_text("x = (\n")
    found = desk.learn("check", "1")
    assert found.returncode == 0
    assert "your own app does not start" in found.stdout
    assert "where  app/main.py:1\n" in found.stdout


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    log = f'''  File "{tmp_path}/app/main.py", line 3, in <module>
app.settings.SettingsError: The settings are not valid:
  WORKERS: Input should be greater than 0 (set in its default)
Correct the value, then check the result: uv run python -m app.settings
'''
    failed = why_it_ended(log, 1, tmp_path)
    assert isinstance(failed, NotStarted)
    assert failed.place == "app/main.py:3"
    assert failed.cause.endswith(
        "not valid: WORKERS: Input should be greater than 0 (set in its default)"
    )


def test_the_folder_of_a_grading_is_not_named(tmp_path: Path) -> None:
    log = (
        f'  File "{tmp_path}/app/main.py", line 3\nImportError: no name ({tmp_path}/app/health.py)'
    )
    failed = why_it_ended(log, 1, tmp_path)
    assert isinstance(failed, NotStarted)
    assert failed.cause == "ImportError: no name (app/health.py)"

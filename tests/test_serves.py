"""A generated project answers on real HTTP, keeps its predictions, and stops when told to."""

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from scripts.generated import example, free_port
from support import (
    CHOICES,
    COMPILED,
    ROOT,
    TEMPLATE,
    Bake,
    clean_environment,
    image_check,
    interrupt,
    is_healthy,
    module,
    request,
    run,
    served,
    started,
    tree,
    without,
)


@pytest.fixture(scope="module")
def trained(bake: Bake) -> Path:
    project = bake()
    run(module("app.models", "train"), project)
    return project


def test_a_stored_prediction_survives_a_restart(trained: Path, tmp_path: Path) -> None:
    with served(trained, tmp_path / "first") as url:
        schemas = request(f"{url}/openapi.json")["components"]["schemas"]
        flower = example(schemas["Features"])
        stored = request(f"{url}/v1/predictions", flower)
    with served(trained, tmp_path / "second") as url:
        listed = request(f"{url}/v1/predictions")["items"]
        read = request(f"{url}/v1/predictions/{stored['id']}")
    assert stored["label"] == "setosa"
    assert stored in listed
    assert read == stored
    assert f"-d '{json.dumps(flower)}'" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.long(1)
def test_the_raw_template_serves_every_model_at_once(tmp_path: Path) -> None:
    settings = {
        "MODELS_DIR": str(tmp_path / "models"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/app.sqlite3",
    }
    run(module("app.models", "train"), TEMPLATE, **settings)
    with served(TEMPLATE, tmp_path / "log", **settings) as url:
        names = [card["name"] for card in request(f"{url}/v1/models")]
        assert sorted(names) == sorted(CHOICES["model"])
        for name in names:
            command = module("app.models", "example", "--model", name)
            question = json.loads(run(command, TEMPLATE, **settings))
            stored = request(f"{url}/v1/models/{name}/predictions", question)
            assert request(f"{url}/v1/models/{name}/predictions")["items"] == [stored]
        assert request(f"{url}/v1/predictions")["items"][0]["label"] == "setosa"


@pytest.mark.long(1)
@pytest.mark.parametrize("model", CHOICES["model"][1:])
def test_each_model_is_trained_tested_and_served(bake: Bake, model: str, tmp_path: Path) -> None:
    """By the words of its README; and nothing says iris, but the tests that bring it along.

    Its types, and its own tests in `tests/models/`, are checked in the raw template.
    """
    project = bake(model=model)
    for name in (name for name in tree(project) if not name.startswith("tests/")):
        assert not re.search("iris|petal", (project / name).read_text("utf-8"), re.I), name
    assert f"{model} " in run(module("app.models", "train"), project, **COMPILED)
    run(module("pytest", *without([]), "tests/test_docs.py", "-k", "exists"), project, **COMPILED)
    question = json.loads(run(module("app.models", "example"), project))
    with served(project, tmp_path / "log") as url:
        stored = request(f"{url}/v1/predictions", question)
        assert request(f"{url}/v1/predictions/{stored['id']}") == stored
        assert request(f"{url}/v1/model")["name"] == model
    assert stored["features"] == question


def test_the_generated_production_settings_start_a_service(trained: Path, tmp_path: Path) -> None:
    """And the container's health check finds it, whatever its port, and notices its end."""
    check = image_check(trained)
    with served(trained, tmp_path / "log", APP_ENV="prod", HOST="0.0.0.0") as url:  # noqa: S104
        assert request(f"{url}/health/ready")
        port = url.rpartition(":")[2]
        for host in ("0.0.0.0", "127.0.0.1", ""):  # noqa: S104
            assert is_healthy(check, PORT=port, HOST=host)
    assert not is_healthy(check, PORT=port, HOST="0.0.0.0")  # noqa: S104


DEMO_SECONDS = 300


def demo(build: Path, port: int) -> list[str]:
    return ["make", "demo", f"BUILD={build}", f"PORT={port}", f"PYTHON={sys.executable}"]


def wait_for_text(log: Path, text: str, process: "subprocess.Popen[str]") -> str:
    """Return what the demo has printed once the text is in it; fail if the demo stops first."""
    deadline = time.monotonic() + DEMO_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if text in log.read_text("utf-8"):
            return log.read_text("utf-8")
        time.sleep(0.1)
    pytest.fail(f"the demo never said {text!r}:\n{log.read_text('utf-8')}", pytrace=False)


def shell(command: str) -> str:
    """Run a command that the demo has shown, in the demo's folder, and return what it prints."""
    return run(["sh", "-c", f"{command} --silent --fail"], ROOT)


def test_the_demo_serves_stops_on_ctrl_c_and_remembers(tmp_path: Path) -> None:
    build, port = tmp_path / "build", free_port()
    url = f"http://127.0.0.1:{port}"
    with started(demo(build, port), ROOT, tmp_path / "first") as process:
        said = wait_for_text(tmp_path / "first", "Ctrl-C stops it", process)
        assert f"{url}/docs" in said
        curl, submit, watch, fetch = re.findall(r"^ +(curl .*)$", said, re.MULTILINE)
        stored = json.loads(shell(curl))
        task = json.loads(shell(submit))
        assert "event: succeeded" in shell(watch.replace("<id>", task["id"]))
        answers = tmp_path / "answers.csv"
        shell(fetch.replace("<id>", task["id"]).replace("answers.csv", str(answers)))
        assert len(answers.read_text("utf-8").splitlines()) == 100_001
        children = psutil.Process(process.pid).children(recursive=True)
        interrupt(process)
    said = (tmp_path / "first").read_text("utf-8")
    assert "Traceback" not in said
    assert "***" not in said
    assert children
    assert not [child for child in children if child.is_running()]

    with started(demo(build, port), ROOT, tmp_path / "second") as process:
        said = wait_for_text(tmp_path / "second", "Ctrl-C stops it", process)
        assert "app.models train" not in said
        assert stored in request(f"{url}/v1/predictions")["items"]


def refusal(command: list[str]) -> str:
    """Return the one line that a demo prints when it cannot start."""
    environment = clean_environment()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode
    assert not done.stdout
    [line] = done.stderr.splitlines()
    return line


def test_a_taken_port_is_one_line_before_anything_is_installed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert f"Port {port} cannot be used" in refusal(demo(tmp_path / "build", port))
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", ""])
def test_an_impossible_port_is_one_line(port: str, tmp_path: Path) -> None:
    command = ["make", "demo", f"PORT={port}", f"BUILD={tmp_path}", f"PYTHON={sys.executable}"]
    assert "PORT must be a number from 1 to 65535" in refusal(command)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_an_old_or_missing_python_is_one_line(target: str, tmp_path: Path) -> None:
    old = tmp_path / "python3.8"
    old.write_text("#!/bin/sh\necho 'Python 3.11 or newer is needed'\n")
    old.chmod(0o755)
    assert "Python 3.11 or newer is needed" in refusal(["make", target, f"PYTHON={old}"])
    assert "There is no nopython here" in refusal(["make", target, "PYTHON=nopython"])

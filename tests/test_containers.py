"""The container files, as far as that is possible without Docker: what they say, and their checks.

No image is built and no service is started here. The health checks are run as they are written.
"""

import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from dockerfile import Stage, build
from scripts.generated import free_port, wait_until_live
from support import (
    CHOICES,
    ROOT,
    TEMPLATE,
    Bake,
    image_check,
    is_healthy,
    module,
    request,
    run,
    script,
    started,
)

SECRETS = {"API_KEY", "POSTGRES_PASSWORD", "FLOWER_BASIC_AUTH"}
# What each service is given besides: the API and the workers have the password in DATABASE_URL.
OWN_SECRETS = {
    "train": set(),
    "api": {"API_KEY"},
    "worker": set(),
    "redis": set(),
    "postgres": {"POSTGRES_PASSWORD"},
    "flower": {"FLOWER_BASIC_AUTH"},
}


@pytest.fixture(scope="module", params=CHOICES["task_engine"])
def engine(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def project(bake: Bake, engine: str) -> Path:
    return bake(task_engine=engine)


def services(project: Path) -> dict[str, dict[str, Any]]:
    """Return the services of a compose file, with what they have in common."""
    compose = yaml.safe_load((project / "compose.yaml").read_text("utf-8"))
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_compose_is_sound(project: Path, engine: str) -> None:
    check = [script("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    run([*check, project / "compose.yaml"], ROOT)
    found = services(project)
    assert found.keys() == (OWN_SECRETS.keys() if engine == "celery" else {"api", "train"})
    for name, service in found.items():
        # The API's health check is in the Dockerfile, for those who run it without Compose.
        assert name in {"api", "train"} or "healthcheck" in service
        assert service["restart"] == ("no" if name == "train" else "unless-stopped")
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "whoever should see it can go through a proxy"


def test_a_service_can_do_little_besides_its_work(project: Path) -> None:
    for name, service in services(project).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"mem_limit", "pids_limit", "tmpfs"} <= service.keys(), name
        # the image of the project has a user of its own
        assert "build" in service or service["user"] in {"redis", "postgres"}, name
    assert "\nUSER 10001\n" in (project / "Dockerfile").read_text("utf-8")


def given(project: Path, service: dict[str, Any]) -> dict[str, str]:
    """Return the variables that a service is given; an empty one is none."""
    variables = {}
    if "env_file" in service:
        lines = (project / service["env_file"]).read_text("utf-8").splitlines()
        variables = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
    variables |= service.get("environment", {})
    return {name: value for name, value in variables.items() if value}


def test_a_service_is_given_its_own_secrets_alone(project: Path) -> None:
    for name, service in services(project).items():
        assert given(project, service).keys() & SECRETS == OWN_SECRETS[name], name


def test_nothing_secret_reaches_the_build(project: Path) -> None:
    """What is copied into the image is named one by one, and everything else stays outside."""
    ignored = (project / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule for rule in rules if rule[0] == "!"} == {
        "!app",
        "!pyproject.toml",
        "!uv.lock",
        "!README.md",
        "!var/models",
    }
    assert "**/.env*" in rules


@contextmanager
def running(stage: Stage, project: Path, log: Path) -> Iterator[str]:
    """Start the API of an image as compose.yaml does; give its address once it is healthy."""
    port = str(free_port())
    variables = given(project, {"env_file": ".env.prod"}) | stage.environment
    variables |= {"PORT": port, "HOST": "127.0.0.1"}
    with started(stage.start, stage.folder, log, None, **variables) as process:
        url = f"http://127.0.0.1:{port}"
        assert wait_until_live(url, process), log.read_text("utf-8")
        assert is_healthy(image_check(project), PORT=port, HOST="127.0.0.1")
        yield url


@pytest.mark.long(1)
def test_compose_and_make_image_end_with_a_prediction(bake: Bake, tmp_path: Path) -> None:
    """Follow compose.yaml, the Makefile and the Dockerfile, whose steps are done without Docker."""
    project = bake()
    key = {"X-API-Key": given(project, {"env_file": ".env.prod"})["API_KEY"]}
    stages = build(project, tmp_path / "compose", "serve")
    trainer, server = stages["train"], stages["serve"]
    assert "Training iris" in run(trainer.start, trainer.folder, **trainer.environment)
    assert "iris already has a version" in run(trainer.start, trainer.folder, **trainer.environment)
    assert not list(server.folder.glob(".venv/lib/*/site-packages/sklearn"))
    (server.folder / "models").rmdir()
    (server.folder / "models").symlink_to(trainer.folder / "models")  # the volume
    with running(server, project, tmp_path / "compose.log") as url:
        card = request(f"{url}/v1/model", headers=key)
    train, check, last = make_image(project)
    run(train, project)
    assert "answers its example" in run(check, project)
    assert last == ["docker", "build", "--tag", "iris-service", "."]
    image = build(project, tmp_path / "image")[""]
    with running(image, project, tmp_path / "image.log") as url:
        example = json.loads(run(module("app.models", "example"), project))
        answer = request(f"{url}/v1/predict", example, headers=key)
        assert answer["label"] == "setosa"
        assert answer["model_version"] == card["version"]


def make_image(project: Path) -> list[list[str]]:
    """Return the commands of its target `image`, with this Python in the place of uv's."""
    [commands] = re.findall(r"^image: .*\n((?:\t.*\n)+)", (project / "Makefile").read_text(), re.M)
    lines = [line.split() for line in commands.splitlines()]
    return [[sys.executable, *words[3:]] if words[0] == "uv" else words for words in lines]


def flower_check(project: Path) -> list[str]:
    """Return the health check of Flower, a list of words."""
    program, *words = services(project)["flower"]["healthcheck"]["test"]
    assert program == "CMD"
    return [str(word) for word in words]


class Unready(BaseHTTPRequestHandler):
    """Answers what the path says: /healthcheck is well, everything else is not."""

    def do_GET(self) -> None:
        """Answer 200 or 503."""
        self.send_response(200 if self.path == "/healthcheck" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def unready() -> Iterator[str]:
    """Give the port of a server that is not ready."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Unready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_port)
        server.shutdown()


def test_a_503_is_not_healthy(project: Path, unready: str) -> None:
    """That the service itself is healthy is in test_serves.py, where one is served."""
    assert not is_healthy(image_check(project), PORT=unready, HOST="127.0.0.1")


def test_flowers_check_goes_through_no_proxy(project: Path, engine: str, unready: str) -> None:
    if engine != "celery":
        return
    check = [word.replace("5555", unready) for word in flower_check(project)]
    assert is_healthy(check)
    assert not is_healthy([word.replace("healthcheck", "other") for word in check])


def test_every_service_that_starts_python_knows_nothing_of_proxies() -> None:
    for name in ("Dockerfile", "compose.yaml"):
        assert "urllib" not in (TEMPLATE / name).read_text("utf-8")

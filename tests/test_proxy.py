"""Behind nginx, below a prefix, whether nginx takes it away or leaves it: `ROOT_PATH`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import sync_playwright

from browser import predict_in_swagger_ui
from scripts.generated import example, free_port, wait_until_live
from support import SCRATCH, Bake, module, run, served, started

pytestmark = pytest.mark.services

PREFIX = "/iris"
ORIGIN = "https://page.example.org"
CSV = "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n5.1,3.5,1.4,0.2\n"
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location {prefix}/ {{
            proxy_pass {target};
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def project(bake: Bake) -> Path:
    project = bake()
    run(module("app.models", "train"), project)
    return project


@contextmanager
def nginx(folder: Path, target: str) -> Iterator[str]:
    """Proxy what is below the prefix; give the address of that."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        pytest.fail("there is no nginx: apt-get install nginx-light", pytrace=False)
    folder.mkdir()
    port = free_port()
    text = CONFIGURATION.format(folder=folder, port=port, prefix=PREFIX, target=target)
    (folder / "nginx.conf").write_text(text, "utf-8")
    command = [program, "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    url = f"http://127.0.0.1:{port}{PREFIX}"
    with started(command, folder, folder / "log") as process:
        if not wait_until_live(url, process):
            pytest.fail(f"nothing is live behind nginx: {(folder / 'error.log').read_text()}")
        yield url


@pytest.fixture(scope="module", params=["taken-away", "left"])
def url(
    project: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Serve the project behind a proxy, and give the address that clients know."""
    tmp_path = tmp_path_factory.mktemp("proxy")
    settings = {"ROOT_PATH": PREFIX, "CORS_ORIGINS": ORIGIN}
    with served(project, tmp_path / "log", **settings) as inner:
        # nginx replaces the prefix by the path of its target, if that has one
        target = f"{inner}/" if request.param == "taken-away" else inner
        with nginx(tmp_path / "nginx", target) as outer:
            yield outer


def follow(url: str, answer: httpx2.Response) -> httpx2.Response:
    """Get what the answer's `Location` names, as a client behind the proxy does."""
    place = httpx2.URL(url).join(answer.headers["Location"])
    return httpx2.get(place)


def test_every_address_works_as_it_is_given(url: str) -> None:
    document = httpx2.get(f"{url}/openapi.json").json()
    assert document["servers"] == [{"url": PREFIX}]
    flower = example(document["components"]["schemas"]["Features"])
    stored = httpx2.post(f"{url}/v1/predictions", json=flower)
    assert stored.status_code == 201
    assert follow(url, stored).json() == stored.json()
    upload = {"file": ("flowers.csv", CSV)}
    task = httpx2.post(f"{url}/v1/tasks/batch-prediction", files=upload)
    assert task.status_code == 202
    assert follow(url, task).json()["id"] == task.json()["id"]
    assert httpx2.get(f"{url}/health/ready", headers={"Host": "10.0.0.1"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/tasks/", 404),  # and no redirect to a place without the prefix
        ("GET", "/v1/predict", 405),
        ("POST", "/v1/predict", 422),
        ("GET", "/docs/assets/nothing.js", 404),
        ("GET", "/docs/assets", 404),
    ],
)
def test_an_error_is_a_problem(url: str, method: str, path: str, status: int) -> None:
    answer = httpx2.request(method, f"{url}{path}")
    assert answer.status_code == status, answer.headers
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    if status == 405:
        assert answer.headers["Allow"] == "POST"


def test_events_arrive_while_the_task_goes_on(url: str) -> None:
    task = httpx2.post(f"{url}/v1/tasks/wait", json={"seconds": 3}).json()
    address = f"{url}/v1/tasks/{task['id']}"
    with httpx2.stream("GET", f"{address}/events") as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("event: ")
        assert httpx2.get(address).json()["state"] in ("queued", "running")
        assert "event: succeeded" in lines


def test_a_web_page_may_ask_and_read(url: str) -> None:
    asks = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    allowed = httpx2.options(f"{url}/v1/predict", headers=asks)
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == ORIGIN
    missing = httpx2.get(f"{url}/v1/nothing", headers={"Origin": ORIGIN})
    assert missing.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_the_interactive_page_works_in_a_browser(url: str, chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        sent: list[str] = []
        failed: list[str] = []
        page.on("request", lambda request: sent.append(request.url))
        page.on("response", lambda got: failed.append(got.url) if got.status >= 400 else None)
        predict_in_swagger_ui(page, url)
        page.screenshot(path=SCRATCH.parent / "swagger-behind-a-proxy.png")
        browser.close()
    assert failed == []
    assert [address for address in sent if not address.startswith((f"{url}/", "data:"))] == []
    assert f"{url}/v1/predictions" in sent

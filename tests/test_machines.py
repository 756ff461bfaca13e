"""The page of the machines in a browser: a machine starts, is in use, and stops."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from playwright.sync_api import Page, expect, sync_playwright

from support import Bake, request, served

pytestmark = pytest.mark.services

KEY, ADMIN_KEY = "k" * 32, "a" * 32
SCRIPT = "<img src=x onerror=alert(1)>"
KEPT = "localStorage.length + sessionStorage.length + document.cookie.length"


class Health(BaseHTTPRequestHandler):
    """The service inside the machine: it answers well once the event is set."""

    def __init__(self, ready: threading.Event, *args: Any) -> None:
        """Answer a request; `ready` says how."""
        self.ready = ready
        super().__init__(*args)

    def do_GET(self) -> None:
        """Answer with 200 or 503."""
        self.send_response(200 if self.ready.is_set() else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def inside(ready: threading.Event) -> Iterator[str]:
    """Serve the health of the machine; give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Health, ready)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Run moto's server; give the variables by which boto3 finds it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    variables = {
        "AWS_ENDPOINT_URL_EC2": "http://{}:{}".format(*server.get_host_and_port()),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield variables
    server.stop()


def stopped_instance() -> str:
    ec2 = boto3.client("ec2")
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    instance_id: str = made["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[instance_id])
    return instance_id


def be_present(url: str, method: str, name: str, session: str) -> None:
    address = f"{url}/v1/presence/{name}?session={session}"
    request(address, method=method, headers={"X-API-Key": KEY})


def start_by_hand(page: Page, ready: threading.Event) -> None:
    """Press Start, and see how far it is, then that it runs."""
    machine = page.locator("section.machine")
    expect(machine.locator(".state")).to_have_text("stopped")
    expect(machine.get_by_role("button", name="Stop")).to_be_disabled()
    machine.get_by_role("button", name="Start").click()
    expect(machine.locator(".state")).to_have_text("starting, 70 %", timeout=20_000)
    expect(machine.locator("progress")).to_be_visible()
    ready.set()
    expect(machine.locator(".state")).to_have_text("running", timeout=20_000)
    expect(machine.locator("progress")).to_be_hidden()
    expect(machine.get_by_role("button", name="Start")).to_be_disabled()


def stop_by_hand(page: Page, url: str) -> None:
    """Press Stop while somebody is present, and again as an operator."""
    machine = page.locator("section.machine")
    be_present(url, "PUT", "ada", "tab-1")
    be_present(url, "PUT", "%3Cimg%20src=x%20onerror=alert(1)%3E", "tab-2")
    expect(page.locator("#present")).to_have_text(f"Present: {SCRIPT}, ada")
    machine.get_by_role("button", name="Stop").click()
    refused = f"Machine In Use: It is not stopped while these are present: {SCRIPT}, ada."
    expect(page.locator("#said")).to_have_text(refused)
    expect(machine.locator(".state")).to_have_text("running")
    page.get_by_text("Stop a machine that is in use").click()
    page.get_by_label("The operator's key").fill(ADMIN_KEY)
    machine.get_by_role("button", name="Stop").click()
    expect(machine.locator(".state")).to_have_text("stopped", timeout=20_000)


def test_a_machine_is_started_and_stopped_on_its_page(
    bake: Bake, chromium: str, provider: dict[str, str], tmp_path: Path
) -> None:
    ready = threading.Event()
    with inside(ready) as health:
        settings = {
            "MACHINES": f"gpu={stopped_instance()}@{health}",
            "MACHINES_ADMIN_KEY": ADMIN_KEY,
            "MACHINES_POLL_SECONDS": "0.2",
            "MODELS": "tests.fakes:MODELS",
            "API_KEY": KEY,
        }
        project = bake(showcases="all")
        with (
            served(project, tmp_path / "log", **settings, **provider) as url,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            sent: list[str] = []
            wrong: list[str] = []
            page.on("request", lambda asked: sent.append(asked.url))
            page.on("dialog", lambda dialog: wrong.append(dialog.message))
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda said: wrong.extend([said.text] * (said.type == "error")))
            page.goto(f"{url}/instances")
            expect(page.locator("#said")).to_contain_text("Send the API key")
            assert [text for text in wrong if "401" not in text] == []
            wrong.clear()
            page.get_by_label("API key").fill(KEY)
            start_by_hand(page, ready)
            stop_by_hand(page, url)
            assert page.evaluate(KEPT) == 0
            browser.close()
    assert [address for address in sent if not address.startswith((url, "data:"))] == []
    assert [address for address in sent if KEY in address or ADMIN_KEY in address] == []
    assert [text for text in wrong if "409" not in text and "401" not in text] == []

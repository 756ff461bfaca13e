"""The tests that need other programs: a browser for Swagger UI, Redis and Postgres for Celery."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, Request, sync_playwright

from browser import predict_in_swagger_ui
from support import COMPILED, ROOT, Bake, module, request, run, served, started, without

pytestmark = pytest.mark.services

LAB = "from lab.cli import main; main()"  # what the command `lab` of an environment runs
SCREENSHOT = ROOT / "build" / "swagger.png"


def test_a_prediction_made_in_swagger_ui_is_stored(
    bake: Bake, chromium: str, tmp_path: Path
) -> None:
    project = bake()
    run(module("app.models", "train"), project)
    with served(project, tmp_path / "log") as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        foreign: list[str] = []
        page.on("request", lambda sent: foreign.append(sent.url))
        predict_in_swagger_ui(page, url)
        page.screenshot(path=SCREENSHOT)
        browser.close()
        [stored] = request(f"{url}/v1/predictions")["items"]
    assert stored["label"] == "setosa"
    # The page is complete without the internet: it requested nothing from any other server.
    assert [sent for sent in foreign if not sent.startswith((url, "data:"))] == []


def test_the_tasks_of_the_celery_edition_survive(bake: Bake) -> None:
    """Its own tests start Redis and Postgres, and stop and kill them.

    Each process that runs tests has servers of its own, and they mostly wait.
    """
    project = bake(task_engine="celery")
    run(module("pytest", *without([]), "-m", "services", "-n", "3"), project, **COMPILED)


def children_of_the_lab(project: Path) -> list[str]:
    """Return the command lines of servers and loads that run in a project's folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or [])
        if process.info["cwd"] == str(project) and ("uvicorn" in command or "lab.load" in command):
            found.append(command)
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Return once it holds; fail if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def opened(page: Page, file: Path) -> list[Request]:
    """Open a file in a browser; return the requests that this made."""
    asked: list[Request] = []
    page.on("request", lambda sent: asked.append(sent))
    page.goto(file.as_uri())
    return asked


def test_the_lab_measures_and_its_page_is_whole(bake: Bake, chromium: str, tmp_path: Path) -> None:
    """Run the shortest sweep; the page makes no request, and no plot is wider than the page."""
    project = bake(showcases="all")
    said = run([sys.executable, "-c", LAB, "--seconds", "0.5", "--out", tmp_path], project)
    assert "await, 300 ms" in said
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in (390, 1200):
            page = browser.new_page(viewport={"width": width, "height": 900})
            asked = opened(page, tmp_path / "index.html")
            assert page.locator("figure svg").count() == 6
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert len(asked) == 1
        browser.close()
    assert children_of_the_lab(project) == []


def test_the_lab_leaves_no_process_when_it_is_interrupted(bake: Bake, tmp_path: Path) -> None:
    project = bake(showcases="all")
    command = [sys.executable, "-c", LAB, "--out", tmp_path / "out"]
    with started(command, project, tmp_path / "log") as process:
        wait_until(lambda: len(children_of_the_lab(project)) > 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 1
    assert "Nothing is left running" in (tmp_path / "log").read_text("utf-8")
    assert children_of_the_lab(project) == []

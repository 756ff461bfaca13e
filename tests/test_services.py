"""What needs other programs: a browser for Swagger UI; Redis and Postgres for Celery's tasks."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from support import ROOT, Bake, module, request, run, served

pytestmark = pytest.mark.services

SCREENSHOT = ROOT / "build" / "swagger.png"


@pytest.fixture
def chromium() -> str:
    """Debian's Chromium, or the one that $CHROMIUM names; its absence is a failure, not a skip."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return shutil.which(path) or pytest.fail(
        f"there is no browser at {path}: apt-get install chromium, or set CHROMIUM", pytrace=False
    )


def predict_in_swagger_ui(page: Page, url: str) -> None:
    """Open the route, take its example, send it, and wait for the answer."""
    page.goto(f"{url}/docs")
    route = page.locator(".opblock-post", has_text="/v1/predictions")
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Execute").click()
    answer = route.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("201")
    expect(answer).to_contain_text("setosa")
    route.evaluate("element => element.scrollIntoView()")


def test_a_prediction_made_in_swagger_ui_is_stored(
    bake: Bake, chromium: str, tmp_path: Path
) -> None:
    project = bake()
    run(module("app.model.train"), project)
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
    # The page is whole without the internet: nothing but this service was asked for anything.
    assert [sent for sent in foreign if not sent.startswith((url, "data:"))] == []


def test_the_tasks_of_the_celery_edition_survive(bake: Bake) -> None:
    """Its own tests start Redis and Postgres, and stop and kill them."""
    project = bake(task_engine="celery")
    run(module("pytest", "-q", "-p", "no:cacheprovider", "-m", "services"), project)

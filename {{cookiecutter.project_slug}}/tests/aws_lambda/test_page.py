"""The function that docs/aws-lambda.md moves here: before and after, to the letter."""

import json
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.kit.mount import mount
from app.main import create_app
from app.settings import Settings
from tests.aws_lambda.events import Request, rest
from tests.conftest import LOCAL, ROOT

PAGE = (ROOT / "docs" / "aws-lambda.md").read_text("utf-8")

Old = Callable[[dict[str, Any], None], dict[str, Any]]


def block(number: int, folder: Path) -> dict[str, Any]:
    """Return the names that a block of Python on the page defines."""
    path = folder / f"block_{number}.py"
    path.write_text(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[number])
    return runpy.run_path(str(path))


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """Return the function as it was."""
    handler: Old = block(0, tmp_path)["handler"]
    return handler


@pytest.fixture
def new(settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    """Yield a client of the service with the router that the page adds."""
    app = create_app(settings)
    mount(app, block(1, tmp_path)["router"])
    with TestClient(app, base_url=LOCAL) as client:
        yield client


@pytest.mark.parametrize("fahrenheit", ["212", "-40", "98.6", "1e3"])
def test_it_answers_as_before(fahrenheit: str, old: Old, new: TestClient) -> None:
    query = f"fahrenheit={fahrenheit}"
    before = old(rest(Request("GET", "/v1/celsius", query)), None)
    after = new.get(f"/v1/celsius?{query}")
    assert (before["statusCode"], json.loads(before["body"])) == (200, after.json())


@pytest.mark.parametrize("query", ["", "fahrenheit=warm"])
def test_what_it_refuses_is_refused_with_more_to_say(query: str, old: Old, new: TestClient) -> None:
    before = old(rest(Request("GET", "/v1/celsius", query)), None)
    after = new.get(f"/v1/celsius?{query}")
    assert (before["statusCode"], after.status_code) == (400, 422)
    assert after.json()["errors"][0]["pointer"] == "/fahrenheit"


def test_what_is_no_number_is_refused_at_last(old: Old, new: TestClient) -> None:
    before = old(rest(Request("GET", "/v1/celsius", "fahrenheit=nan")), None)
    assert (before["statusCode"], before["body"]) == (200, '{"celsius": NaN}')
    assert new.get("/v1/celsius?fahrenheit=nan").status_code == 422

"""What holds for every route, so a new route that was forgotten fails here."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi.params import Form
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import SecretStr
from starlette.routing import Match, Mount, Route

from app.main import create_app
from app.settings import Settings
from tests.test_errors import assert_problem

KEY = "k" * 32
PAGES = (
    # {% if cookiecutter.__showcases == "yes" %}
    "/instances",
    # {% endif %}
    "/docs(/assets)?",
    "/openapi.json",
)
OPEN = re.compile("|".join([r"/health/\w+", *PAGES]))
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
UPLOAD_BYTES = 2**17
MULTIPART = "multipart/form-data; boundary=x"
FIELD = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"api_key": SecretStr(KEY), "task_upload_bytes": UPLOAD_BYTES}
    )


def routes(client: TestClient) -> list[APIRoute]:
    """Return every route of the API itself."""
    found = [r for r in client.app.routes if isinstance(r, APIRoute)]  # type: ignore[attr-defined]
    assert len(found) >= 14
    return found


def operations(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each operation of the OpenAPI document, by its method and path."""
    for path, methods in create_app(settings).openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def address(route: Route) -> tuple[str, str]:
    """Return a method and a path that reach the route, with an id for each parameter."""
    return min(route.methods or ()), re.sub(r"{\w+}", "0" * 32, route.path)


def ask(client: TestClient, route: Route, **content: Any) -> httpx2.Response:  # noqa: ANN401
    """Ask a route at its address."""
    return client.request(*address(route), **content)


def test_every_kind_of_route_is_looked_at(client: TestClient) -> None:
    """A websocket, or another app below this one, needs a test of its own."""
    for route in client.app.routes:  # type: ignore[attr-defined]
        known = isinstance(route, Route) or (isinstance(route, Mount) and OPEN.match(route.path))
        assert known or not hasattr(route, "path"), route


def test_no_route_is_hidden_by_one_before_it(client: TestClient) -> None:
    for route in routes(client):
        method, path = address(route)
        scope = {"type": "http", "method": method, "path": path}
        matches = [r.matches(scope) for r in client.app.routes]  # type: ignore[attr-defined]
        first = next(child for match, child in matches if match is Match.FULL)
        assert first["endpoint"] is route.endpoint, route.path


def test_every_route_but_health_and_pages_demands_the_key(client: TestClient) -> None:
    for route in client.app.routes:  # type: ignore[attr-defined]
        if isinstance(route, Route) and OPEN.fullmatch(route.path):
            assert ask(client, route).status_code == 200, route.path
        elif isinstance(route, Route):
            assert_problem(ask(client, route), 401)


def test_every_route_refuses_one_byte_more_than_its_limit(
    client: TestClient, settings: Settings
) -> None:
    client.headers["X-API-Key"] = KEY
    client.app_state["tasks"].engine.stopping.set()  # ends each stream that would never end
    for route in routes(client):
        limit = route.max_body_size or settings.max_body_bytes
        form = route.body_field and isinstance(route.body_field.field_info, Form)
        kind, start = (MULTIPART, FIELD) if form else ("application/json", b"")
        body, headers = start.ljust(limit), {"Content-Type": kind}
        assert ask(client, route, content=body, headers=headers).status_code != 413, route.path
        problem = assert_problem(ask(client, route, content=body + b" ", headers=headers), 413)
        assert f"{limit:,} bytes at most" in problem["detail"]
        if route.body_field:
            assert_problem(ask(client, route, content=iter([body, b" "]), headers=headers), 413)


def test_only_an_upload_may_be_larger_than_other_bodies(client: TestClient) -> None:
    raised = {route.path: route.max_body_size for route in routes(client) if route.max_body_size}
    assert raised == {"/v1/tasks/batch-prediction": UPLOAD_BYTES}


def test_every_route_says_what_it_does(settings: Settings) -> None:
    for name, operation in operations(settings):
        assert operation["tags"], name
        assert operation["description"], name


def test_every_error_that_can_happen_is_documented_as_a_problem(settings: Settings) -> None:
    for name, operation in operations(settings):
        responses = operation["responses"]
        expected = {"401"} if "security" in operation else set()
        expected |= {"422"} if "parameters" in operation else set()
        expected |= {"400", "413", "422"} if "requestBody" in operation else set()
        assert expected <= responses.keys(), name
        for status in (status for status in responses if status >= "400"):
            assert responses[status]["content"] == PROBLEM, (name, status)


def test_an_operation_has_the_name_of_its_function(client: TestClient, settings: Settings) -> None:
    ids = sorted(operation["operationId"] for _, operation in operations(settings))
    names = {r.endpoint.__name__ for r in routes(client) if r.include_in_schema}
    of_the_model = {f"{name}_flower" for name in names if "predict" in name} & set(ids)
    assert len(of_the_model) == 6
    assert ids == sorted(names | of_the_model)

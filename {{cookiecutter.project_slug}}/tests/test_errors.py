"""Every error has the same shape, and contains nothing that the client must not see."""

import importlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import HTTPException, Response
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

import app.errors
from app.errors import AppError
from app.kit.start import StartError
from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL, ROOT
from tests.fakes import FLOWER, BrokenModel, opens

JSON = {"Content-Type": "application/json"}
BRANCH = re.compile(
    r"^    ((?:[│ ]   )*(?:[├└]── )?)(\w+Error)\b(?: +(\d{3})?)?(?:.*\((app/.*)\))?"
)

Error = tuple[str, str, int | None, str]  # its parent, its name, its status, its file


def assert_problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """Check that the answer is a problem with this status, and the request id of its header."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert {"type", "title", "detail"} <= problem.keys()
    return problem


def test_an_unknown_route(client: TestClient) -> None:
    assert assert_problem(client.get("/nowhere"), 404)["title"] == "Not Found"


def test_a_slash_at_the_end_is_another_route(client: TestClient) -> None:
    assert_problem(client.get("/health/live/", follow_redirects=False), 404)


def test_an_unknown_method_is_told_all_the_methods_of_the_path(client: TestClient) -> None:
    answer = client.put("/v1/predictions")
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_too_large(client: TestClient, settings: Settings, chunked: bool) -> None:
    body = b" " * (settings.max_body_bytes + 1)
    answer = client.post("/v1/predict", content=iter([body]) if chunked else body, headers=JSON)
    detail = assert_problem(answer, 413)["detail"]
    assert detail == "The body may have 262,144 bytes at most, says the setting MAX_BODY_BYTES."


def test_a_question_of_as_many_rows_as_may_be_has_a_kilobyte_for_each(settings: Settings) -> None:
    assert settings.max_body_bytes >= settings.model_max_rows * 1024


@pytest.mark.parametrize("rows", [25, 26])
def test_an_answer_names_a_hundred_values_at_most(client: TestClient, rows: int) -> None:
    problem = assert_problem(client.post("/v1/predict", json=[{}] * rows), 422)
    assert len(problem["errors"]) == 100
    assert problem["detail"].startswith(f"{rows * 4} value(s) of the request were refused")


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "true", '"5.1"', "null", "[]", "0", "31"],
)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predictions"])
def test_no_value_that_is_not_a_length_is_accepted(
    client: TestClient, path: str, value: str
) -> None:
    body = json.dumps(FLOWER | {"sepal_length_cm": "here"}).replace('"here"', value)
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code)


@pytest.mark.parametrize(
    "body",
    ["", "{", "null", "[]", "5", "[" * 50_000, '{"a":' * 10_000, '{"\\ud800": 1}', "\ufeff{}"],
)
def test_no_body_becomes_a_server_error(client: TestClient, body: str) -> None:
    answer = client.post("/v1/predict", content=body.encode(), headers=JSON)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code)


def test_bytes_that_are_not_text(client: TestClient) -> None:
    answer = client.post("/v1/predict", content=b"\xff\xfe{}", headers=JSON)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("change", "pointer", "rule"),
    [
        ({"petal_width_cm": 31}, "/petal_width_cm", "less_than_equal"),
        ({"petal_width_cm": 0}, "/petal_width_cm", "greater_than"),
        ({"stem_cm": 1}, "/stem_cm", "extra_forbidden"),
    ],
)
def test_a_refused_value_is_named_with_its_rule(
    client: TestClient, change: dict[str, float], pointer: str, rule: str
) -> None:
    problem = assert_problem(client.post("/v1/predict", json=FLOWER | change), 422)
    (error,) = problem["errors"]
    assert (error["location"], error["pointer"], error["rule"]) == ("body", pointer, rule)


def test_a_missing_value_is_named(client: TestClient) -> None:
    body = {name: value for name, value in FLOWER.items() if name != "petal_width_cm"}
    (error,) = assert_problem(client.post("/v1/predict", json=body), 422)["errors"]
    assert (error["pointer"], error["rule"]) == ("/petal_width_cm", "missing")


def app_with(settings: Settings, endpoint: Callable[..., object]) -> TestClient:
    """Return a client of the app with one route more, at /more."""
    app = create_app(settings)
    app.get("/more")(endpoint)
    return TestClient(app, base_url=LOCAL)


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("detail", "context"),
    [
        ({"code": 7, "field": None}, {"code": 7, "field": None}),
        (["a", float("nan")], ["a", None]),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"at": "2026-01-01T00:00:00Z"}),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (0, 0),
        ("\ud800", None),
        ({"\ud800": b"\xff"}, "{'\\ud800': b'\\xff'}"),
        (CIRCLE, "[[...]]"),
    ],
    ids=repr,
)
def test_an_http_exception_may_say_more_than_a_text(
    settings: Settings, detail: object, context: object
) -> None:
    async def raise_it() -> None:
        raise HTTPException(400, detail, {"X-Kept": "1"})

    with app_with(settings, raise_it) as client:
        answer = client.get("/more")
    problem = assert_problem(answer, 400)
    assert problem.get("context") == context
    assert problem["detail"] == ("Bad Request" if context is not None else detail)
    assert answer.headers["X-Kept"] == "1"


@pytest.mark.parametrize(
    ("status", "title"),
    [(499, "Bad Request"), (599, "Internal Server Error"), (418, "I'm a Teapot")],
)
def test_a_status_that_nobody_registered_is_answered_all_the_same(
    settings: Settings, status: int, title: str
) -> None:
    async def raise_it(plain: bool = False) -> Response:
        if plain:
            return PlainTextResponse("words", status)
        raise HTTPException(status)

    with app_with(settings, raise_it) as client:
        for path in ("/more", "/more?plain=1"):
            problem = assert_problem(client.get(path), status)
            assert (problem["title"], problem["detail"]) == (title, title)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_gets_none(settings: Settings, status: int) -> None:
    async def raise_it() -> None:
        raise HTTPException(status, headers={"ETag": '"1"'})

    with app_with(settings, raise_it) as client:
        answer = client.get("/more")
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (status, b"", '"1"')


def test_a_refused_value_is_not_sent_back(client: TestClient) -> None:
    answer = client.post("/v1/predict", json=FLOWER | {"petal_width_cm": "hunter2"})
    assert_problem(answer, 422)
    assert "hunter2" not in answer.text


def test_a_name_that_the_client_made_up_is_cut_short(client: TestClient) -> None:
    answer = client.post("/v1/predict", json=FLOWER | {"x" * 10_000: 1})
    assert_problem(answer, 422)
    assert len(answer.content) < 1_000


@pytest.mark.parametrize("limit", ["0", "101", "9" * 30, "-1", "x", "1.5", ""])
def test_a_limit_out_of_bounds(client: TestClient, limit: str) -> None:
    problem = assert_problem(client.get("/v1/predictions", params={"limit": limit}), 422)
    assert problem["errors"][0]["location"] == "query"


@pytest.mark.parametrize("prediction_id", ["1", "9" * 30, "%00", "x" * 2_000])
def test_an_id_that_is_not_one(client: TestClient, prediction_id: str) -> None:
    assert_problem(client.get(f"/v1/predictions/{prediction_id}"), 422)


def test_a_bug_answers_500_and_is_logged_with_the_request(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(settings, open_models=opens(BrokenModel()))
    with TestClient(app, base_url=LOCAL) as client:
        answer = client.post("/v1/predict", json=FLOWER)
    problem = assert_problem(answer, 500)
    assert "secret" not in answer.text
    assert "KeyError" not in answer.text
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (raised,) = [line for line in lines if "exception" in line]
    assert "secret-path" in raised["exception"]
    assert "The model is flower, version 000000000000." in raised["exception"]
    assert raised["request_id"] == problem["request_id"]
    (access,) = [line for line in lines if line["event"] == "request"]
    assert (access["status"], access["request_id"]) == (500, problem["request_id"])


def test_storage_that_fails_answers_503_and_tells_only_the_operator(
    settings: Settings, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        other = sqlite3.connect(database)
        other.execute("DROP TABLE predictions")
        other.close()
        answer = client.post("/v1/predictions", json=FLOWER)
    problem = assert_problem(answer, 503)
    assert problem["type"] == "urn:problem:StorageUnavailable"
    assert answer.headers["Retry-After"] == "1"
    assert "no such table" not in answer.text
    assert "no such table" in capsys.readouterr().err


def test_the_class_is_the_message() -> None:
    class FlowerIsWiltedError(AppError):
        """Too late."""

    assert FlowerIsWiltedError().detail == "Too late."


def documented_errors() -> Iterator[Error]:
    """Return the tree in the docstring; where no status or file is written, the parent's holds."""
    way: list[tuple[str, int | None, str]] = [("", None, "app/errors.py")]
    for line in (app.errors.__doc__ or "").splitlines():
        if branch := BRANCH.match(line):
            del way[len(branch[1]) // 4 + 1 :]
            parent, inherited, _ = way[-1]
            status = int(branch[3]) if branch[3] else inherited
            way.append((branch[2], status, branch[4] or "app/errors.py"))
            yield parent, *way[-1]


def subclasses(parent: type[Exception]) -> Iterator[Error]:
    """Yield every class below this one that the app defines."""
    for error in parent.__subclasses__():
        if error.__module__.startswith("app."):
            path = Path(importlib.import_module(error.__module__).__file__ or "").relative_to(ROOT)
            yield parent.__name__, error.__name__, getattr(error, "status", None), path.as_posix()
            yield from subclasses(error)


def test_the_tree_in_the_docstring_is_that_of_the_classes() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        if re.search(r"^class \w+Error\(", path.read_text(), re.MULTILINE):
            parts = path.relative_to(ROOT).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
    documented = [error for error in documented_errors() if error[0]]
    assert sorted(documented) == sorted([*subclasses(AppError), *subclasses(StartError)])

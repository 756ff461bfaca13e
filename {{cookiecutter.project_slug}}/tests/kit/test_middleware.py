"""The layer around every request: id, host check, headers, log line, answers that break off."""

import asyncio
import encodings
import errno
import json
import re
from asyncio import CancelledError
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app.kit.hosts import host_check
from app.kit.middleware import RequestMiddleware, may_have_body
from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL
from tests.fakes import FLOWER, BrokenModel, opens
from tests.test_errors import assert_problem

APP = {"Origin": "https://app.example"}
JSON = "application/json"


def access_lines(text: str) -> list[dict[str, object]]:
    """Return the lines about requests from a log."""
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if line["event"] == "request"]


def test_every_answer_has_an_id_of_its_own(client: TestClient) -> None:
    ids = [client.get("/health/live").headers["X-Request-ID"] for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{32}", request_id) for request_id in ids)
    assert ids[0] != ids[1]


def test_a_safe_id_from_the_caller_is_kept(client: TestClient) -> None:
    answer = client.get("/health/live", headers={"X-Request-ID": "trace-1.a_B"})
    assert answer.headers["X-Request-ID"] == "trace-1.a_B"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", '"}', "\x1b[31m"])
def test_any_other_id_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/health/live", headers={b"X-Request-ID": given.encode()})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_one_log_line_per_request(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        answer = client.get("/health/live?token=secret")
    (line,) = access_lines(capsys.readouterr().err)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/health/live", 200)
    assert isinstance(line["duration_ms"], float)
    assert "secret" not in str(line)


def test_the_line_has_the_template_and_not_what_was_typed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        client.get("/v1/predictions/%0aforged")
        client.get("/%0aforged")
    lines = access_lines(capsys.readouterr().err)
    assert [line["route"] for line in lines] == ["/v1/predictions/{prediction_id}", None]


def test_the_log_line_can_be_switched_off(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = settings.model_copy(update={"access_log": False})
    with TestClient(create_app(quiet), base_url=LOCAL) as client:
        client.get("/health/live")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("path", ["/health/live", "/docs", "/nowhere"])
def test_no_answer_is_sniffed_or_framed(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers.get_list("Content-Security-Policy")


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    policies = client.get("/docs").headers.get_list("Content-Security-Policy")
    assert "default-src 'self' 'unsafe-inline' data:" in policies


@pytest.mark.parametrize("host", ["evil.example", "", "localhost.evil.example", "a b"])
def test_an_unknown_host_is_refused_except_by_health(client: TestClient, host: str) -> None:
    answer = client.get("/v1/model", headers={"Host": host})
    assert answer.status_code == 400
    assert "ALLOWED_HOSTS" in answer.json()["detail"]
    assert client.get("/health/live", headers={"Host": host}).status_code == 200
    assert client.get("/health/ready", headers={"Host": host}).status_code == 200
    assert client.get("/healthy", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("name", ["Host", "Content-Type", "Content-Length"])
def test_a_header_of_which_there_is_one_may_not_come_twice(client: TestClient, name: str) -> None:
    pair = [(name, "localhost"), (name, "localhost")]
    headers = [*pair, ("Host", "localhost")] if name != "Host" else pair
    answer = client.get("/health/live", headers=headers)
    assert answer.status_code == 400
    assert name in answer.json()["detail"]
    assert client.get("/health/live", headers=[("X-A", "1"), ("X-A", "2")]).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("multipart/form-data; boundary=x; charset=punycode", 415),
        ('multipart/form-data; CHARSET="idna"; boundary=x', 415),
        ("multipart/form-data; boundary=x; charset*=utf-8''idna", 415),
        ("multipart/form-data; boundary=x; charset=utf-8-sig", 415),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=utf-8", 200),
        ('application/json; charset="UTF-8" ; x=y', 200),
        ("application/json", 200),
    ],
)
def test_a_body_is_in_utf_8(client: TestClient, content_type: str, status: int) -> None:
    content = json.dumps(FLOWER)
    answer = client.post("/v1/predict", content=content, headers={"Content-Type": content_type})
    assert answer.status_code == status


def test_no_word_of_a_client_is_kept(client: TestClient) -> None:
    """Python keeps the name of every codec that it was asked for, even of those it has not."""
    names = {"x" * 10_000 + str(n) for n in range(3)}
    for name in names:
        kind = f"multipart/form-data; boundary=x; charset={name}"
        client.post("/v1/tasks/batch-prediction", content=b"--x--", headers={"Content-Type": kind})
    assert not names & encodings._cache.keys()
    trusts = host_check(["localhost"])
    (cached,) = [c.cell_contents for c in trusts.__closure__ or () if callable(c.cell_contents)]
    assert not trusts(b"x" * 10_000)
    assert cached.cache_info().currsize == 0
    assert trusts(b"localhost")
    assert cached.cache_info().currsize == 1


@pytest.mark.parametrize(
    ("allowed", "header", "trusted"),
    [
        (["*"], "anything at all", True),
        (["*.example.com"], "api.example.com:443", True),
        (["*.example.com"], "example.com", False),
        (["*.example.com"], "evilexample.com", False),
        (["[::1]"], "[::1]:8000", True),
        (["Example.COM"], "EXAMPLE.com", True),
        (["example.com"], "example.com:99999999", False),
        (["example.com"], "example.com@evil", False),
        ([], "localhost", False),
    ],
)
def test_host_patterns(allowed: list[str], header: str, trusted: bool) -> None:
    assert host_check(allowed)(header.encode()) is trusted


def test_a_page_of_an_allowed_origin_may_call(settings: Settings) -> None:
    open_to_one = settings.model_copy(update={"cors_origins": ["https://app.example"]})
    with TestClient(create_app(open_to_one), base_url=LOCAL) as client:
        allowed = client.get("/health/live", headers=APP)
        other = client.get("/health/live", headers={"Origin": "https://evil.example"})
        preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        refused = client.options("/v1/predict", headers=preflight)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Origin" not in other.headers
    assert (refused.status_code, refused.json()["status"]) == (400, 400)


@pytest.mark.parametrize(
    "given",
    [
        {"url": "/" + "a/" * 1_023, "status": 404},
        {"url": "/health/live?" + "a=%41&" * 1_300},
        {"url": "/health/live", "headers": {"Cookie": 'a="' + "\\a" * 64 + '"; b=' + "c" * 4_000}},
    ],
    ids=["path", "query", "cookie"],
)
def test_what_is_long_but_costs_little_is_answered(
    client: TestClient, given: dict[str, Any]
) -> None:
    status = given.pop("status", 200)
    assert client.get(**given).status_code == status


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("POST", "/v1/predict", {"json": FLOWER}), 500),
        (("GET", "/v1/model", {"headers": {"Host": "evil.example"}}), 400),
        (("POST", "/v1/predict", {"content": b" " * 300_000}), 413),
        (("POST", "/v1/predict", {"headers": {"Content-Type": "text/plain; charset=x"}}), 415),
        (("POST", "/v1/predict", {"content": b"{", "headers": {"Content-Type": JSON}}), 422),
        (("GET", "/" + "a/" * 1_024, {}), 414),
        (("GET", "/health/live?" + "a=%41&" * 1_400, {}), 414),
        (("GET", "/health/live", {"headers": {"Cookie": 'a="' + "\\a" * 65 + '"'}}), 400),
        (("GET", "/nowhere", {}), 404),
        (("PUT", "/v1/model", {}), 405),
        (("GET", "/v1/tasks/00000000000000000000000000000000", {}), 404),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_every_answer_is_whole(
    settings: Settings, request_: tuple[str, str, dict[str, Any]], status: int
) -> None:
    changes = {"cors_origins": [APP["Origin"]]}
    method, path, options = request_
    options["headers"] = APP | options.get("headers", {})
    app = create_app(settings.model_copy(update=changes), open_models=opens(BrokenModel()))
    with TestClient(app, base_url=LOCAL) as client:
        answer = client.request(method, path, **options)
    assert_problem(answer, status)
    assert answer.headers["Access-Control-Allow-Origin"] == APP["Origin"]
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_origin_is_allowed_by_default(client: TestClient) -> None:
    answer = client.get("/health/live", headers={"Origin": "https://app.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_plain_text_is_replaced_only_when_it_is_an_error(settings: Settings) -> None:
    app: FastAPI = create_app(settings)

    @app.get("/text")
    async def text(status: int) -> PlainTextResponse:
        return PlainTextResponse("words", status, {"X-Kept": "1"})

    with TestClient(app, base_url=LOCAL) as client:
        assert client.get("/text?status=200").text == "words"
        answer = client.get("/text?status=418")
    assert (answer.json()["status"], answer.headers["X-Kept"]) == (418, "1")


def test_half_an_answer_ends_with_the_connection(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    app: FastAPI = create_app(settings)

    @app.get("/half")
    async def half() -> StreamingResponse:
        def chunks() -> object:
            yield b"half"
            raise OSError("gone")

        return StreamingResponse(chunks())  # type: ignore[arg-type]

    with TestClient(app, base_url=LOCAL) as client, pytest.raises(OSError, match="gone"):
        client.get("/half")
    assert access_lines(capsys.readouterr().err)[0]["route"] == "/half"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SystemExit(0), 500),
        (KeyboardInterrupt(), 500),
        (BaseExceptionGroup("a panic", [SystemExit()]), 500),
        (CancelledError(), 500),
        (MemoryError(), 503),
        (OSError(errno.ENOSPC, "No space left on device"), 503),
        (OSError(errno.EMFILE, "Too many open files"), 503),
        (RuntimeError("can't start new thread"), 503),
        (FileNotFoundError(errno.ENOENT, "No such file"), 500),
        (RuntimeError("another"), 500),
    ],
    ids=repr,
)
def test_whatever_a_route_raises_is_a_problem_that_the_page_can_read(
    settings: Settings, capsys: pytest.CaptureFixture[str], error: BaseException, status: int
) -> None:
    app = create_app(settings.model_copy(update={"cors_origins": ["https://app.example"]}))

    @app.get("/raise")
    async def raise_it() -> None:
        raise error

    with TestClient(app, base_url=LOCAL) as client:
        answer = client.get("/raise", headers=APP)
    assert_problem(answer, status)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer.headers.get("Retry-After") == ("1" if status == 503 else None)
    (line,) = access_lines(capsys.readouterr().err)
    assert (line["route"], line["status"]) == ("/raise", status)


def test_a_request_that_the_server_cancels_ends_without_an_answer(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(settings)
    sent: list[Any] = []

    async def send(message: Any) -> None:  # noqa: ANN401
        sent.append(message)

    @app.get("/wait")
    async def wait() -> None:
        await asyncio.sleep(30)

    async def cancel() -> None:
        scope: Scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/wait",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }
        task = asyncio.ensure_future(app(scope, asyncio.Event().wait, send))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert sent == []
    assert capsys.readouterr().err == ""


def test_an_app_may_answer_without_headers() -> None:
    async def bare(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"bare"})

    options: dict[str, Any] = {"allowed_hosts": ["*"], "access_log": False, "open_paths": "/-"}
    app = RequestMiddleware(bare, max_body_size=8, **options)
    answer = TestClient(app, base_url=LOCAL).get("/")
    assert (answer.text, "X-Request-ID" in answer.headers) == ("bare", True)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_a_route_reads_by_hand_has_a_limit_too(chunked: bool) -> None:
    app = FastAPI()
    options: dict[str, Any] = {"allowed_hosts": ["*"], "access_log": False, "open_paths": "/-"}
    app.add_middleware(RequestMiddleware, max_body_size=8, **options)

    @app.put("/")
    async def count(request: Request) -> int:
        return len(await request.body())

    client = TestClient(app, base_url=LOCAL)
    assert client.put("/", content=b"12345678").json() == 8
    answer = client.put("/", content=iter([b"12345678", b"9"]) if chunked else b"123456789")
    assert answer.status_code == 413
    assert "X-Request-ID" in answer.headers
    assert client.put("/").json() == 0


@pytest.mark.parametrize(
    ("version", "headers", "expected"),
    [
        ("1.1", {}, False),
        ("1.1", {b"content-length": b"1"}, True),
        ("1.1", {b"transfer-encoding": b"chunked"}, True),
        ("2", {}, True),
    ],
)
def test_a_request_that_announces_no_body_has_none_in_http_1(
    version: str, headers: dict[bytes, bytes], expected: bool
) -> None:
    assert may_have_body({"http_version": version}, headers) is expected


def test_head_is_answered_like_get_without_the_body(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        for path in ("/health/live", "/v1/tasks", "/docs", "/docs/assets/favicon.png"):
            got, asked = client.get(path), client.head(path)
            assert (got.status_code, asked.status_code) == (200, 200)
            assert asked.headers["Content-Length"] == got.headers["Content-Length"]
        assert client.head("/v1/predict").status_code == 405
        assert client.head("/v1/tasks/00000000000000000000000000000000").status_code == 404
    assert access_lines(capsys.readouterr().err)[1]["method"] == "HEAD"


def test_head_of_a_stream_ends_at_once(client: TestClient) -> None:
    task = client.post("/v1/tasks/wait", json={"seconds": 20}).json()
    answer = client.head(f"/v1/tasks/{task['id']}/events")
    assert answer.status_code == 200
    assert client.get(f"/v1/tasks/{task['id']}").json()["state"] in ("queued", "running")


def test_every_address_has_the_prefix_that_a_proxy_takes_away(settings: Settings) -> None:
    with TestClient(create_app(settings), f"{LOCAL}/iris", root_path="/iris") as client:
        stored = client.post("/v1/predictions", json=FLOWER).headers["Location"]
        task = client.post("/v1/tasks/wait", json={"seconds": 0}).headers["Location"]
        page = client.get("/docs").text
        document = client.get("/openapi.json").json()
        assert client.get("/health/live", headers={"Host": "10.0.0.1"}).status_code == 200
    assert stored.startswith("/iris/v1/predictions/")
    assert task.startswith("/iris/v1/tasks/")
    assert document["servers"][0] == {"url": "/iris"}
    for path in ("/openapi.json", "/docs/assets/swagger-ui-bundle.js"):
        assert f"/iris{path}" in page

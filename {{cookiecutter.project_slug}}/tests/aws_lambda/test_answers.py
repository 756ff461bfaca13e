"""What a client gets through AWS Lambda is, to the byte, what it gets from uvicorn."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.aws_lambda.events import (
    Event,
    Request,
    balancer,
    function_url,
    http,
    http_1,
    plain_balancer,
    rest,
)
from tests.aws_lambda.runtime import HOST, KEY, SENT, function, request
from tests.conftest import serve
from tests.fakes import FLOWER

SERVED = {
    "APP_ENV": "prod",
    "API_KEY": KEY,
    "ALLOWED_HOSTS": "*",
    "TASK_CONCURRENCY": "0",
    "DOCS_ENABLED": "true",
}
OPEN = {"CORS_ORIGINS": "https://shop.example", "MAX_BODY_BYTES": "2000"}
ORIGIN = ("Origin", "https://shop.example")
REQUESTS = [
    request("GET", "/health/live"),
    request("HEAD", "/health/live"),
    request("GET", "/v1/model"),
    request("GET", "/v1/model", headers=[*SENT, ORIGIN]),
    request("GET", "/v1/model", headers=[("Host", HOST)]),
    request("OPTIONS", "/v1/model", headers=[*SENT, ORIGIN]),
    request("GET", "/v1/nope"),
    request("GET", "/v1/na%C3%AFve%20caf%C3%A9"),
    request("GET", "/v1/100%2525"),
    request("GET", "/v1/model/"),
    request("PUT", "/v1/model"),
    request("POST", "/v1/predict", FLOWER),
    request("POST", "/v1/predict", [FLOWER, FLOWER]),
    request("POST", "/v1/predict", FLOWER | {"petal_width_cm": -1}),
    request("POST", "/v1/predict", FLOWER, [("Host", HOST)]),
    request("POST", "/v1/predict", ["x" * 2_000]),
    request("POST", "/v1/predict"),
    Request("POST", "/v1/predict", "", SENT, b'{"sepal_length_cm": "\xff"}'),
    request("GET", "/v1/tasks?state=%2B%20&state=b&limit=0"),
    request("GET", "/docs"),
    request("GET", "/docs/assets/favicon.png"),
    request("GET", "/openapi.json"),
]
Shape = Callable[[Request], Event]

BARE: dict[str, Shape] = {
    "HTTP API": http,
    "HTTP API, route $default": lambda r: http(r, route="$default"),
    "HTTP API, format 1.0": lambda r: http_1(r) | {"requestContext": bare_context(r)},
    "HTTP API, format 1.0, route $default": lambda r: (
        http_1(r)
        | {"requestContext": bare_context(r), "resource": "$default", "pathParameters": None}
    ),
    "function URL": function_url,
    "balancer": balancer,
    "balancer, single values": plain_balancer,
    "REST API, domain of its own": lambda r: rest(r, domain="api.example.com"),
}
BELOW: dict[str, Shape] = {
    "REST API": rest,
    "REST API, mapped": lambda r: rest(r, "live", domain="api.example.com", mapping="/prod"),
    "HTTP API": lambda r: http(r, "prod"),
    "HTTP API, route $default": lambda r: http(r, "prod", "$default"),
}
FORWARDED: dict[str, Shape] = {"function URL": function_url, "balancer": balancer}


def bare_context(asked: Request) -> Event:
    """Return the context of an HTTP API, whose stage `$default` is no part of the path."""
    event = http_1(asked)
    return {**event["requestContext"], "stage": "$default", "path": event["path"]}


def of_uvicorn(client: httpx2.Client, asked: Request) -> tuple[int, dict[str, str], bytes]:
    """Return what uvicorn answers."""
    path = f"{asked.path}?{asked.query}" if asked.query else asked.path
    headers = [*asked.headers, ("X-Request-ID", "same")]
    answer = client.request(asked.method, path, content=asked.body, headers=headers)
    return answer.status_code, without_hop(answer.headers), answer.content


def of_lambda(result: Event) -> tuple[int, dict[str, str], bytes]:
    """Return what a gateway makes of the function's result."""
    several: dict[str, list[str]] = dict(result.get("multiValueHeaders", {}))
    for name, value in result.get("headers", {}).items():  # whose names may differ in case alone
        several.setdefault(name.lower(), []).append(value)
    body = result["body"]
    content = base64.b64decode(body) if result["isBase64Encoded"] else body.encode()
    headers = {name: ", ".join(values) for name, values in several.items()}
    return result["statusCode"], without_hop(headers), content


def without_hop(headers: Mapping[str, str]) -> dict[str, str]:
    """Leave out what belongs to the connection, or to the moment."""
    left_out = {"date", "connection", "transfer-encoding"}
    return {name.lower(): value for name, value in headers.items() if name.lower() not in left_out}


@pytest.mark.parametrize(
    ("shapes", "prefix", "given"),
    [(BARE, "", ""), (BELOW, "/prod", ""), (FORWARDED, "/prod", "/prod")],
    ids=["no prefix", "a prefix that the event tells", "a prefix that ROOT_PATH tells"],
)
def test_the_answers_are_those_of_uvicorn(
    shapes: dict[str, Shape], prefix: str, given: str, tmp_path: Path
) -> None:
    different: list[Any] = []
    uvicorn = serve(tmp_path, ROOT_PATH=prefix, **SERVED, **OPEN)
    with uvicorn as (client, _), function(tmp_path / "log", ROOT_PATH=given, **OPEN) as served:
        for asked in REQUESTS:
            expected = of_uvicorn(client, asked)
            for name, shape in shapes.items():
                sent = asked._replace(headers=[*asked.headers, ("X-Request-ID", "same")])
                answer = of_lambda(served.call(shape(sent)))
                if answer != expected:
                    different.append((name, asked, answer, expected))
    assert different == []


def test_a_problem_is_text_and_a_picture_is_base64(tmp_path: Path) -> None:
    picture = "/docs/assets/favicon.png"
    with function(tmp_path / "log") as served:
        encoded = {
            path: served.call(rest(request("GET", path)))["isBase64Encoded"]
            for path in ("/v1/nope", "/v1/tasks?limit=0", "/v1/predictions", picture)
        }
    assert [path for path, base64 in encoded.items() if base64] == [picture]

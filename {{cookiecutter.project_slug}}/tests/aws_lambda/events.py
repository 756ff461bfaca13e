"""Requests as events, in the shapes that AWS documents.

Only what AWS sends whatever the request is, such as account and request ids, is shortened.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

Event = dict[str, Any]
CLIENT = "203.0.113.7"


class Request(NamedTuple):
    """A request as a client types it."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


def body_of(request: Request) -> Event:
    """Return the members that hold the body: as text, or as base64 if it is none."""
    try:
        return {"body": request.body.decode() or None, "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def several(request: Request) -> dict[str, list[str]]:
    """Return every value of each header, under the name as the client wrote it."""
    found: dict[str, list[str]] = {}
    for name, value in request.headers:
        found.setdefault(name, []).append(value)
    return found


def last(values: dict[str, list[str]]) -> dict[str, str] | None:
    """Return the last of several values; AWS has null for none at all."""
    return {name: found[-1] for name, found in values.items()} or None


def rest(request: Request, stage: str = "prod", domain: str = "", mapping: str = "") -> Event:
    """Return an event of a REST API: below its stage, or of a domain of one's own."""
    path = f"{mapping}{request.path}"
    query = parse_qs(request.query, keep_blank_values=True)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": request.method,
        "headers": last(several(request)),
        "multiValueHeaders": several(request) or None,
        "queryStringParameters": last(query),
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": request.path.strip("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": domain or "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "httpMethod": request.method,
            "identity": {"sourceIp": CLIENT, "userAgent": "curl/8"},
            "path": path if domain else f"/{stage}{path}",
            "protocol": "HTTP/1.1",
            "resourcePath": "/{proxy+}",
            "stage": stage,
        },
        **body_of(request),
    }


def http(request: Request, stage: str = "$default", route: str = "ANY /{proxy+}") -> Event:
    """Return an event of an HTTP API, in payload format 2.0: its path is decoded."""
    own = unquote(request.path)
    path = own if stage == "$default" else f"/{stage}{own}"
    given = several(request)
    cookies = [part for name in given if name.lower() == "cookie" for part in given[name]]
    event: Event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": {
            name.lower(): ",".join(values)
            for name, values in given.items()
            if name.lower() != "cookie"
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": CLIENT,
                "userAgent": "curl/8",
            },
            "routeKey": route,
            "stage": stage,
        },
        **body_of(request),
    }
    if cookies:
        event["cookies"] = cookies
    if "{proxy+}" in route:
        event["pathParameters"] = {"proxy": own.strip("/")}
    return event


def http_1(request: Request) -> Event:
    """Return an event of an HTTP API, in payload format 1.0: its path is decoded, too."""
    return {"version": "1.0", **rest(request._replace(path=unquote(request.path)))}


def function_url(request: Request) -> Event:
    """Return an event of a function URL: its path is not decoded, and cookies are there twice."""
    event = http(request, route="$default")
    event["rawPath"] = event["requestContext"]["http"]["path"] = request.path
    event["requestContext"]["domainName"] = "a1b2c3.lambda-url.eu-central-1.on.aws"
    if cookies := event.get("cookies"):
        event["headers"]["cookie"] = "; ".join(cookies)
    return event


def balancer(request: Request, forged: str = "") -> Event:
    """Return an event of a load balancer, with multi-value headers; it decodes no query."""
    query: dict[str, list[str]] = {}
    for pair in filter(None, request.query.split("&")):
        name, _, value = pair.partition("=")
        query.setdefault(name, []).append(value)
    headers = {name.lower(): values for name, values in several(request).items()}
    headers |= {"x-forwarded-for": [f"{forged}{CLIENT}"], "x-forwarded-proto": ["https"]}
    arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/service/6d0ecf831eec"
    return {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": request.method,
        "path": request.path,
        "multiValueQueryStringParameters": query,
        "multiValueHeaders": headers,
        "body": base64.b64encode(request.body).decode(),
        "isBase64Encoded": True,
    }


def plain_balancer(request: Request) -> Event:
    """Return an event of a load balancer without multi-value headers: the last value is left."""
    event = balancer(request)
    for name in ("Headers", "QueryStringParameters"):
        values = event.pop(f"multiValue{name}")
        event[name[0].lower() + name[1:]] = last(values) or {}
    return event


EVENTS: dict[str, Callable[[Request], Event]] = {
    "rest": rest,
    "http": http,
    "http, format 1.0": http_1,
    "function url": function_url,
    "balancer": balancer,
    "balancer, single values": plain_balancer,
}

"""A request as an event, and its answer as the event's result.

Mangum's own classes for this leave the stage out of the address, fail at a `Host` with two colons,
take whatever `X-Forwarded-For` says for the client, join cookies with commas and encode problems as
base64; this one takes their place.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote, urlencode

from mangum.handlers.alb import case_mutated_headers
from mangum.types import LambdaConfig, LambdaContext, Response, Scope

Event = dict[str, Any]

AWS_DOMAIN = ".amazonaws.com"  # below it, a stage is a part of the path
URL_DOMAIN = ".on.aws"  # of function URLs
FRAMING = ("content-length", "transfer-encoding")  # what follows says how long the body is


class HttpEvent:
    """A request that came through API Gateway (REST or HTTP), a function URL or a load balancer.

    Mangum makes one for each event, reads `scope` and `body`, and calls it with the answer.
    """

    def __init__(self, event: Event, context: LambdaContext, config: LambdaConfig) -> None:
        self.event, self.context = event, context
        self.root_path = config["api_gateway_base_path"].rstrip("/")
        about: Event = event["requestContext"]
        self.about = about
        self.http: Event | None = about.get("http")  # only the second format has it
        self.balancer = "elb" in about

    @classmethod
    def infer(cls, event: Event, _context: LambdaContext, _config: LambdaConfig) -> bool:
        """Return whether the event is a request."""
        return is_request(event)

    @property
    def body(self) -> bytes:
        """The request's body."""
        body: str = self.event.get("body") or ""
        return b64decode(body) if self.event.get("isBase64Encoded") else body.encode()

    @property
    def scope(self) -> Scope:
        """The request as ASGI has it, and as uvicorn would have made it."""
        path = self.decode(self.full_path())
        prefix = self.prefix_of(path)
        path = path if begins_with(path, prefix) else prefix + path
        headers = list(self.headers())
        values = dict(headers)
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.http["method"] if self.http else self.event["httpMethod"],
            "scheme": "http" if values.get("x-forwarded-proto") == "http" else "https",
            "server": (self.about.get("domainName", "localhost"), 443),
            "client": (self.client(values), 0),
            "path": path,
            "raw_path": quote(path).encode("ascii"),
            "root_path": prefix,
            "query_string": self.query().encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
            "aws.event": self.event,
            "aws.context": self.context,
        }

    def full_path(self) -> str:
        """Return the path with everything that the client typed, such as a stage."""
        path = "rawPath" if self.http else "path"
        return self.about.get("path") or self.event[path] or "/"

    def decode(self, path: str) -> str:
        """Return a path without escapes: an HTTP API has decoded it, which nobody else does."""
        of_http_api = "version" in self.event
        of_url = self.about.get("domainName", "").endswith(URL_DOMAIN)
        return path if of_http_api and not of_url else unquote(path)

    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain.

        The route that the gateway matched, such as `/{proxy+}`, says where our path begins.
        """
        if self.root_path:
            return self.root_path
        template = self.event.get("resource") or self.event.get("routeKey", "").partition(" ")[2]
        given = self.event.get("pathParameters") or {}
        own = re.sub(r"{([^}+]+)\+?}", lambda match: str(given.get(match[1], "")), template)
        own, path = self.decode(own).rstrip("/"), path.rstrip("/")
        if template.startswith("/") and path.endswith(own):  # `$default` says nothing
            return path.removesuffix(own).rstrip("/")
        stage = f"/{self.about.get('stage', '')}"
        below_aws = self.about.get("domainName", "").endswith(AWS_DOMAIN)
        return stage if below_aws and begins_with(path, stage) else ""

    def query(self) -> str:
        """Return the query as it was sent; a load balancer has not decoded it, a REST API has."""
        if self.http:
            return self.event.get("rawQueryString") or ""
        several = self.event.get("multiValueQueryStringParameters")
        given = several or self.event.get("queryStringParameters") or {}
        if not self.balancer:
            return urlencode(given, doseq=True)
        pairs = ((k, v) for k, vs in given.items() for v in (vs if several else [vs]))
        return "&".join(f"{name}={value}" for name, value in pairs)

    def headers(self) -> Iterator[tuple[str, str]]:
        """Yield name and value of each header, and the length that the body really has."""
        several: dict[str, list[str]] = self.event.get("multiValueHeaders") or {}
        single: dict[str, str] = self.event.get("headers") or {}
        given = several or {name: [value] for name, value in single.items()}
        cookies: list[str] = []
        for name, values in given.items():
            if name.lower() == "cookie":
                cookies += values
            elif name.lower() not in FRAMING:
                yield from ((name.lower(), value) for value in values)
        if cookies := self.event.get("cookies") or cookies:  # a function URL has them twice
            yield "cookie", "; ".join(cookies)
        if body := self.body:  # without it, no limit would be checked
            yield "content-length", str(len(body))

    def client(self, headers: dict[str, str]) -> str:
        """Return the client's address; a load balancer writes it behind what the client wrote."""
        if self.balancer:
            return headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        found: str = (self.http or self.about.get("identity") or {}).get("sourceIp") or ""
        return found

    def __call__(self, response: Response) -> Event:
        """Return the answer as what sent the event expects it."""
        result = {"statusCode": response["status"], **as_text(response["body"])}
        headers: dict[str, list[str]] = {}
        for name, value in response["headers"]:
            headers.setdefault(name.decode().lower(), []).append(value.decode("latin-1"))
        if self.balancer:
            status = result["statusCode"]
            known = status in HTTPStatus.__members__.values()
            result["statusDescription"] = f"{status} {HTTPStatus(status).phrase if known else ''}"
        return result | self.with_headers(headers)

    def with_headers(self, headers: dict[str, list[str]]) -> Event:
        """Return the headers of the answer in the format of the event."""
        if self.http:
            cookies = headers.pop("set-cookie", [])
            return {"headers": {n: ", ".join(v) for n, v in headers.items()}, "cookies": cookies}
        if self.balancer and "multiValueHeaders" not in self.event:
            return {"headers": case_mutated_headers(headers)}
        return {"multiValueHeaders": headers}


def is_request(event: object) -> bool:
    """Return whether the event is an HTTP request; a WebSocket's has a context, too."""
    about = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(about, dict):
        return False
    return ("http" in about and "rawPath" in event) or {"httpMethod", "path"} <= event.keys()


def begins_with(path: str, prefix: str) -> bool:
    """Return whether the path lies below this prefix: `/apiary` does not lie below `/api`."""
    return f"{path}/".startswith(f"{prefix}/")


def as_text(body: bytes) -> Event:
    """Return the body as text, or as base64 if it is none."""
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}

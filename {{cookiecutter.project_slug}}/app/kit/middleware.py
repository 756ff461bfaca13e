"""Around every request: its id, the host check, the body limit, the log line, the last defence.

One layer of pure ASGI does it all, because every request pays for every layer.
"""

from asyncio import sleep
from collections.abc import Awaitable, Mapping, Sequence
from time import perf_counter

import structlog
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.hosts import host_check
from app.kit.logs import begin_request, request_logger
from app.kit.problems import PROBLEM_JSON, problem_body

Headers = list[tuple[bytes, bytes]]

REQUEST_ID = b"x-request-id"
PLAIN_TEXT = b"text/plain; charset=utf-8"  # the type of the framework's own errors
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)
UNKNOWN_HOST = "This service does not answer to that host; its setting ALLOWED_HOSTS lists those."


class RequestMiddleware:
    """The outermost layer of the app, made once; each request gets an `Exchange` of its own."""

    def __init__(
        self, app: ASGIApp, allowed_hosts: Sequence[str], access_log: bool, max_body_size: int
    ) -> None:
        self.app = app
        # not `FastAPI(max_body_size=...)`, which refuses outside this layer: as text, without an id
        self.limited = RequestBodyLimitMiddleware(app, max_body_size)
        self.logger = structlog.get_logger().bind()
        self.log_request = request_logger() if access_log else None
        self.trusts = host_check(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Anything that is not HTTP passes through untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        exchange = Exchange(send, begin_request(headers.get(REQUEST_ID)))
        try:
            if not self.trusts(headers.get(b"host", b"")):
                await exchange.send_problem(400, [], detail=UNKNOWN_HOST)
            elif may_have_body(scope, headers):
                await self.limited(scope, receive, exchange.send)
            else:
                await self.app(scope, receive, exchange.send)
        except Exception:
            self.logger.exception("The handler of this request raised")
            if exchange.status:
                raise  # part of the answer is sent: only a closed connection can tell the client
            await exchange.send_problem(500, [])
        if self.log_request:
            # the route's template keeps what the client typed out of the log
            route = getattr(scope.get("route"), "path", None)
            self.log_request(
                method=scope["method"],
                route=route,
                status=exchange.status,
                duration_ms=round((exchange.ended - exchange.started) * 1000, 2),
            )


def may_have_body(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a body may follow: HTTP/1 announces it in a header, HTTP/2 and 3 need not."""
    announced = b"content-length" in headers or b"transfer-encoding" in headers
    return announced or scope["http_version"] > "1.1"


class Exchange:
    """The answer to one request, on its way out."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.forward = send
        self.request_id = request_id.encode("ascii")
        self.status = 0
        self.replaced = False
        self.started = self.ended = perf_counter()

    def send(self, message: Message) -> Awaitable[None]:
        """Pass on a message of the answer, with our headers on the first one."""
        if self.replaced:
            return sleep(0)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            if self.status >= 400 and (b"content-type", PLAIN_TEXT) in headers:
                return self.send_problem(self.status, headers)
            message["headers"] = [*headers, (REQUEST_ID, self.request_id), *SECURITY_HEADERS]
        self.ended = perf_counter()
        return self.forward(message)  # not awaited here: one coroutine less per message

    async def send_problem(self, status: int, headers: Headers, **members: object) -> None:
        """Answer with a problem, instead of the framework's plain text."""
        self.replaced, self.status = True, status
        body = problem_body(status, **members)
        headers = [
            *((name, value) for name, value in headers if not name.startswith(b"content-")),
            (b"content-type", PROBLEM_JSON.encode("ascii")),
            (b"content-length", str(len(body)).encode("ascii")),
            (REQUEST_ID, self.request_id),
            *SECURITY_HEADERS,
        ]
        await self.forward({"type": "http.response.start", "status": status, "headers": headers})
        await self.forward({"type": "http.response.body", "body": body})
        self.ended = perf_counter()

"""Around every request: its id, who was asked, the body limit, the log line, the last defence.

One layer of pure ASGI does it all, because every request pays for every layer.
"""

import re
from asyncio import CancelledError, current_task
from collections.abc import Callable, Mapping, Sequence

import structlog
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.kit.exchange import REQUEST_ID, Exchange
from app.kit.exhaustion import is_exhaustion
from app.kit.hosts import host_check
from app.kit.logs import begin_request, request_logger
from app.kit.problems import problem_response

SINGLE = (b"host", b"content-type", b"content-length")
AMBIGUOUS = "A request has one Host, one Content-Type, and a Content-Length only if not in chunks."
UNKNOWN_HOST = "This service does not answer to that host; its setting ALLOWED_HOSTS lists those."
OTHER_CHARSET = "Send the body in UTF-8; no other charset is read."
EXHAUSTED = "The server has too little memory, disk space, files or threads; try again soon."
TOO_LONG = "The address is too long: a path may have 2,048 characters, a query 8,192."
MOST_PATH, MOST_QUERY = 2_048, 8_192  # what takes them apart may take the square of their time
TOO_MANY_ESCAPES = "The cookies have too many backslashes."
MOST_ESCAPES = 64  # some Pythons take seconds for some thousand: python/cpython#123067
RETRY = {"Retry-After": "1"}

# a form's parser would take any codec that Python has, some of them slow, and keep its name
other_charset = re.compile(rb"charset(?!=\"?(utf-?8|us-ascii)\"?\s*(;|$))", re.IGNORECASE).search


class RequestMiddleware:
    """The outermost layer of the app, made once; each request gets an `Exchange` of its own.

    `cors` wraps an app in the headers that let a web page read its answers; our own go through it
    too, or a browser would hide them. Paths that begin with `open_paths` answer to any host.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Sequence[str],
        access_log: bool,
        max_body_size: int,
        open_paths: str,
        cors: Callable[[ASGIApp], ASGIApp] | None = None,
    ) -> None:
        self.cors = cors or (lambda app: app)
        self.app = self.cors(app)
        # not `FastAPI(max_body_size=...)`, which refuses outside this layer: as text, without an id
        self.limited = self.cors(RequestBodyLimitMiddleware(app, max_body_size))
        self.logger = structlog.get_logger().bind()
        self.log_request = request_logger() if access_log else None
        self.open_paths = open_paths
        self.trusts = host_check(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Anything that is not HTTP passes through untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        exchange = Exchange(scope, send, begin_request(headers.get(REQUEST_ID)))
        if exchange.head:  # the route's GET answers; nothing of its body is sent
            scope = {**scope, "method": "GET"}
        if exchange.prefix:
            scope = with_one_prefix(scope)
        try:
            if refused := self.refusal(scope, headers):
                await self.answer(exchange, scope, receive, *refused)
            elif may_have_body(scope, headers):
                exchange.scope = scope
                await self.limited(scope, receive, exchange.send)
            else:
                await self.app(scope, receive, exchange.send)
        except BaseException as error:  # `sys.exit()` in a library, a panic in Rust
            if must_propagate(error):
                raise
            self.logger.exception("The handler of this request raised")
            if exchange.status:
                self.log(exchange, scope)
                raise  # part of the answer is sent: only a closed connection can tell the client
            found = (503, EXHAUSTED) if is_exhaustion(error) else (500, "")  # or a bug
            await self.answer(exchange, scope, receive, *found)
        self.log(exchange, scope)

    def log(self, exchange: "Exchange", scope: Scope) -> None:
        """Write the line of this request."""
        if self.log_request:
            # the route's template keeps what the client typed out of the log
            route = getattr(scope.get("route"), "path", None)
            self.log_request(
                method="HEAD" if exchange.head else scope["method"][:16],
                route=route,
                status=exchange.status,
                duration_ms=round((exchange.ended - exchange.started) * 1000, 2),
            )

    def refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> tuple[int, str] | None:
        """Return the status and the reason for which no route will see this request."""
        given = scope["headers"]
        if len(headers) < len(given):
            names = [name for name, _ in given]
            if any(names.count(name) > 1 for name in SINGLE):
                return 400, AMBIGUOUS
        if len(scope["path"]) > MOST_PATH or len(scope["query_string"]) > MOST_QUERY:
            return 414, TOO_LONG
        if b"cookie" in headers:  # which FastAPI reads for every route
            cookies = b"".join(value for name, value in given if name == b"cookie")
            if cookies.count(b"\\") > MOST_ESCAPES:
                return 400, TOO_MANY_ESCAPES
        if not self.trusts(headers.get(b"host", b"")):
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if not path.startswith(self.open_paths):
                return 400, UNKNOWN_HOST
        if b"content-type" in headers and other_charset(headers[b"content-type"]):
            return 415, OTHER_CHARSET
        if b"transfer-encoding" in headers and b"content-length" in headers:
            return 400, AMBIGUOUS
        return None

    async def answer(
        self, exchange: "Exchange", scope: Scope, receive: Receive, status: int, detail: str = ""
    ) -> None:
        """Answer with a problem of our own."""
        headers = RETRY if status == 503 else {}
        problem = problem_response(status, headers, **({"detail": detail} if detail else {}))
        await self.cors(problem)(scope, receive, exchange.send)


def must_propagate(error: BaseException) -> bool:
    """Return whether the server ends this request, as at its shutdown; nobody is to be answered.

    A route that awaits a task which somebody else cancelled gets the same exception: a bug.
    """
    if isinstance(error, CancelledError):
        task = current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, GeneratorExit)


def with_one_prefix(scope: Scope) -> Scope:
    """Take the prefix away that a proxy has left: the server puts one before every path."""
    prefix: str = scope["root_path"]
    twice = scope["path"].startswith(f"{prefix}{prefix}/")
    return {**scope, "path": scope["path"].removeprefix(prefix)} if twice else scope


def may_have_body(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether a body may follow: HTTP/1 announces it in a header, HTTP/2 and 3 need not."""
    announced = b"content-length" in headers or b"transfer-encoding" in headers
    return announced or scope["http_version"] > "1.1"

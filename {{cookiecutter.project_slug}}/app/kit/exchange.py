"""The answer to one request, on its way out: our headers on it, and no text that is no problem."""

from asyncio import sleep
from collections.abc import Awaitable
from time import perf_counter

from starlette.types import Message, Scope, Send

from app.kit.problems import PROBLEM_JSON, problem_body, too_large

Headers = list[tuple[bytes, bytes]]

REQUEST_ID = b"x-request-id"
PLAIN_TEXT = b"text/plain; charset=utf-8"  # the type of the framework's own errors
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)


class Exchange:
    """The answer to one request, on its way out."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self.scope, self.forward = scope, send
        self.request_id = request_id.encode("ascii")
        self.head = scope["method"] == "HEAD"
        self.prefix = scope.get("root_path", "").encode()
        self.status = 0
        self.done = False  # whatever the route still sends, the client does not get
        self.started = self.ended = perf_counter()

    def send(self, message: Message) -> Awaitable[None]:
        """Pass on a message of the answer, with our headers on the first one."""
        if self.done:
            return sleep(0)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", [])
            if self.status >= 400 and (b"content-type", PLAIN_TEXT) in headers:
                return self.send_problem(self.status, headers)
            if self.prefix:
                headers = [self.with_prefix(header) for header in headers]
            message["headers"] = [*headers, (REQUEST_ID, self.request_id), *SECURITY_HEADERS]
            if self.head:
                return self.send_whole(message, b"")
        self.ended = perf_counter()
        return self.forward(message)  # not awaited here: one coroutine less per message

    def with_prefix(self, header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """Put the prefix that the proxy has taken away before a path of ours."""
        name, value = header
        ours = name == b"location" and value.startswith(b"/")
        return (name, self.prefix + value) if ours else header

    async def send_problem(self, status: int, headers: Headers) -> None:
        """Answer with a problem, instead of the framework's plain text."""
        body = problem_body(status, detail=too_large(self.scope) if status == 413 else "")
        headers = [
            *((name, value) for name, value in headers if not name.startswith(b"content-")),
            (b"content-type", PROBLEM_JSON.encode("ascii")),
            (b"content-length", str(len(body)).encode("ascii")),
            (REQUEST_ID, self.request_id),
            *SECURITY_HEADERS,
        ]
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await self.send_whole(start, b"" if self.head else body)

    async def send_whole(self, start: Message, body: bytes) -> None:
        """Send the first message and the only body."""
        self.done = True
        await self.forward(start)
        await self.forward({"type": "http.response.body", "body": body})
        self.ended = perf_counter()

"""Answers that AWS Lambda can send: whole ones, in time, and not too large."""

import json

import structlog
from anyio import CancelScope, current_time
from anyio.lowlevel import checkpoint
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.problems import problem_response

RESERVE_SECONDS = 0.5  # for the answer that there is none
MOST_BYTES = 6 * 2**20 - 2**16  # of the body as JSON, which leaves room for the headers
NO_STREAM = "AWS Lambda sends answers whole, so it cannot send a stream of events: poll instead."
TOO_LATE = "The function has no time left for this request; its timeout is a setting of AWS Lambda."
TOO_LARGE = "The answer is larger than the 6 MB that AWS Lambda sends. Ask for a part of it."

logger = structlog.get_logger()


class WholeAnswers:
    """A layer inside of the app's own: nothing leaves it before an answer is complete.

    So whatever goes wrong halfway is still answered with a problem. A stream of events has no end:
    Lambda would collect it until the function is killed, and so lose the model as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back, unless that cannot be sent."""
        if "aws.context" not in scope:
            await self.app(scope, receive, send)
            return
        seconds = scope["aws.context"].get_remaining_time_in_millis() / 1000
        answer: list[Message] = []

        async def collect(message: Message) -> None:
            answer.append(message)
            if is_stream(answer[0]):
                within.cancel()
                await checkpoint()

        with CancelScope(deadline=current_time() + seconds - RESERVE_SECONDS) as within:
            try:
                await self.app(scope, receive, collect)
            except Exception:
                if not is_complete(answer):
                    raise
                logger.exception("What runs after the answer raised")
        refused = refusal(answer, within.cancelled_caught)
        if refused:
            status, detail = refused
            await problem_response(status, {}, detail=detail)(scope, receive, send)
            return
        for message in answer:
            await send(message)


def refusal(answer: list[Message], too_late: bool) -> tuple[int, str] | None:
    """Return status and detail if AWS Lambda could not send this answer."""
    if answer and is_stream(answer[0]):
        return 501, NO_STREAM
    if too_late and not is_complete(answer):
        return 504, TOO_LATE
    return (501, TOO_LARGE) if is_too_large(answer) else None


def is_stream(start: Message) -> bool:
    """Return whether what begins is a stream of server-sent events."""
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", [])
    )


def is_complete(answer: list[Message]) -> bool:
    """Return whether all of an answer is there; what is still running came after it."""
    return len(answer) > 1 and not answer[-1].get("more_body", False)


def is_too_large(answer: list[Message]) -> bool:
    """Return whether the body is too large once it is a text in JSON, or in base64."""
    body = b"".join(message.get("body", b"") for message in answer)
    if len(body) < MOST_BYTES // 6:  # a byte takes six characters at most
        return False
    try:
        return len(json.dumps(body.decode())) > MOST_BYTES
    except UnicodeDecodeError:
        return len(body) * 4 / 3 > MOST_BYTES

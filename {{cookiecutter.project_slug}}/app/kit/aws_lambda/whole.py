"""Answers that AWS Lambda can send: whole ones, in time."""

from anyio import CancelScope, current_time
from anyio.lowlevel import checkpoint
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.problems import problem_response

RESERVE_SECONDS = 0.5  # for the answer that there is none
NO_STREAM = "AWS Lambda sends answers whole, so it cannot send a stream of events: poll instead."
TOO_LATE = "The function has no time left for this request; its timeout is a setting of AWS Lambda."


class WholeAnswers:
    """A layer inside of the app's own, which refuses a stream of events, and answers in time.

    Lambda would collect a stream until the function is killed, and so lose the model as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, but stop at what cannot be sent."""
        if "aws.context" not in scope:
            await self.app(scope, receive, send)
            return
        seconds = scope["aws.context"].get_remaining_time_in_millis() / 1000
        started = streams = False

        async def send_unless_stream(message: Message) -> None:
            nonlocal started, streams
            if message["type"] == "http.response.start" and is_stream(message):
                streams = True
                within.cancel()
                await checkpoint()
            started = True
            await send(message)

        with CancelScope(deadline=current_time() + seconds - RESERVE_SECONDS) as within:
            await self.app(scope, receive, send_unless_stream)
        if within.cancelled_caught and not started:
            problem = (501, NO_STREAM) if streams else (504, TOO_LATE)
            await problem_response(problem[0], {}, detail=problem[1])(scope, receive, send)


def is_stream(start: Message) -> bool:
    """Return whether what begins is a stream of server-sent events."""
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", [])
    )

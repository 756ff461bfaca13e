"""What AWS Lambda calls with each event, once the app has started.

Mangum as it comes would start and stop the app for each event: the model would be loaded each time.
"""

import asyncio
import signal
from typing import Any

from fastapi import FastAPI
from mangum import Mangum
from mangum.types import LambdaContext
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from app.kit.aws_lambda.events import Event, HttpEvent, is_request
from app.kit.aws_lambda.whole import WholeAnswers

WAKE_UPS = ("aws.events", "aws.scheduler", "serverless-plugin-warmup")


class UnknownEventError(Exception):
    """The event is no HTTP request. Lambda counts it as failed, so that no message is lost."""


class LambdaHandler:
    """The function's handler; it starts the app, or raises StartError, and never stops it.

    Lambda freezes the process between two events and kills it unasked: whoever was answered has
    been told what is in the database by then, so there is nothing to finish.
    """

    def __init__(self, app: FastAPI, root_path: str) -> None:
        app.user_middleware.append(Middleware(WholeAnswers))  # the innermost layer
        self.app = app
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)  # Mangum's calls run in it, one after the other
        self.lifespan = app.router.lifespan_context(app)  # it would end with the last reference
        self.state = loop.run_until_complete(self.open())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nobody would call a handler
        self.mangum = Mangum(
            self.answer,
            lifespan="off",
            api_gateway_base_path=root_path,
            custom_handlers=[HttpEvent],
        )

    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        """Answer a request; do nothing for an event that only keeps the function warm."""
        if is_request(event):
            return self.mangum(event, context)
        if isinstance(event, dict) and event.get("source") in WAKE_UPS:
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {str(event)[:200]}")

    async def open(self) -> dict[str, Any]:
        """Return what the app has opened for its requests."""
        return dict(await self.lifespan.__aenter__() or {})

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the app, with what the app opened when it started."""
        await self.app({**scope, "state": dict(self.state)}, receive, send)

"""A service with routes that do what AWS Lambda has no answer for: `tests.aws_lambda.odd.handler`.

It logs when its models are opened and closed, and cannot be started a second time.
"""

import time
from asyncio import sleep
from collections.abc import AsyncIterable
from typing import Annotated

import structlog
from fastapi import APIRouter, BackgroundTasks, Header, Query, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.kit.aws_lambda.handler import LambdaHandler
from app.kit.mount import mount
from app.kit.settings import load_settings
from app.main import create_app
from app.serving.models import Models
from app.serving.opening import open_models
from app.settings import Settings

logger = structlog.get_logger()
router = APIRouter(prefix="/odd")
opened: list[Models] = []


def open_once(settings: Settings) -> Models:
    """Open the models, and say so; fail the second time."""
    if opened:
        raise RuntimeError("They are open")
    logger.info("opened")
    models = open_models(settings)
    close = models.close

    def closing() -> None:
        logger.info("closed")
        close()

    models.close = closing  # type: ignore[method-assign]
    opened.append(models)
    return models


@router.get("/clock", response_class=EventSourceResponse)
async def clock() -> AsyncIterable[ServerSentEvent]:
    """Send the time, for ever."""
    while True:
        yield ServerSentEvent(data=time.time())
        await sleep(0.01)


@router.get("/slow")
async def slow(seconds: float) -> float:
    """Answer later."""
    await sleep(seconds)
    return seconds


@router.post("/later", status_code=202)
async def later(background: BackgroundTasks) -> str:
    """Fail after the answer."""
    background.add_task(int, "none")
    return "accepted"


@router.get("/large")
async def large(size: int) -> Response:
    """Answer with as many bytes, each of which takes two in JSON."""
    return PlainTextResponse('"' * size, headers={"Content-Disposition": "attachment"})


@router.get("/seen")
async def seen(
    q: Annotated[list[str] | None, Query()] = None, cookie: Annotated[str, Header()] = ""
) -> Response:
    """Answer with the query and the cookies that came, and with two cookies."""
    answer = JSONResponse({"q": q, "cookie": cookie})
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


@router.get("/halves")
async def halves(then: str) -> Response:
    """Send half an answer, then wait too long, or fail."""

    async def pieces() -> AsyncIterable[bytes]:
        yield b"half"
        if then == "fail":
            raise RuntimeError
        await sleep(60)

    return StreamingResponse(pieces(), media_type="text/plain")


@router.get("/city")
async def city() -> Response:
    """Answer with a header that is no ASCII."""
    return Response(headers={"X-City": "Zürich"})


@router.delete("/nothing")
async def nothing() -> Response:
    """Answer without a body."""
    return Response(status_code=204)


app = create_app(load_settings(Settings), open_models=open_once)
mount(app, router)
handler = LambdaHandler(app, "")

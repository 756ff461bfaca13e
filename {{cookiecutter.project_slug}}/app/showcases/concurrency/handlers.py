"""`/v1/concurrency`: the same wait in three kinds of handler, and work beside them.

They give the same answer. How many requests a second they answer differs by a factor of hundreds,
and so does what they cost all others: `uv run lab` measures and draws it.

They return a `JSONResponse`, where other routes return a model: FastAPI checks what a `def` route
returns in a thread too, so each answer would queue for a thread twice.
"""

import time
from typing import Annotated

import anyio
from anyio.to_thread import current_default_thread_limiter
from fastapi import Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app.kit.mount import Router
from app.kit.problems import problems
from app.security import ApiKeyRequired

router = Router(
    prefix="/v1/concurrency",
    tags=["concurrency"],
    dependencies=[ApiKeyRequired],
    responses=problems(401),
)

WaitMs = Annotated[int, Query(ge=0, le=1_000, description="Milliseconds to wait, or to work")]


class Threads(BaseModel):
    """The threads behind every `def` route of this process."""

    tokens: int = Field(description="Threads that may run at once: the setting `THREAD_TOKENS`")
    borrowed: int = Field(description="Threads in use at the moment")
    queued: int = Field(description="Calls that wait for a thread")


@router.get("/await", responses=problems(422))
async def wait_awaiting(wait_ms: WaitMs = 50) -> JSONResponse:
    """`async def` that awaits: a thousand of these wait at once, in one thread.

    At `await` the event loop turns to other requests, and comes back when the time is up.
    """
    await anyio.sleep(wait_ms / 1000)
    return JSONResponse({"waited_ms": wait_ms})


@router.get("/def", responses=problems(422))
def wait_in_thread(wait_ms: WaitMs = 50) -> JSONResponse:
    """`def`: FastAPI calls it in a thread, so it may block; 40 of them at once, the rest queue.

    The event loop stays free. The price is a thread for each request in progress.
    """
    time.sleep(wait_ms / 1000)
    return JSONResponse({"waited_ms": wait_ms})


@router.get("/blocking", responses=problems(422))
async def wait_blocking(wait_ms: WaitMs = 50) -> JSONResponse:
    """`async def` that blocks: never do this. Until it is done, no other request is answered.

    The event loop is one thread, and this holds it. Ruff finds this line, as ASYNC251.
    """
    time.sleep(wait_ms / 1000)  # noqa: ASYNC251 - it shows what this does to all the others
    return JSONResponse({"waited_ms": wait_ms})


@router.get("/cpu", responses=problems(422))
def work_in_thread(wait_ms: WaitMs = 50) -> JSONResponse:
    """`def` that calculates, in plain Python: threads do not help, since one runs at a time.

    They share Python's lock (the GIL), so a second request takes its time from the first. The event
    loop gets its turns, but late. Such work belongs in another process: a background task, say.
    """
    end = time.thread_time() + wait_ms / 1000  # this thread's own time on the processor
    while time.thread_time() < end:
        pass
    return JSONResponse({"waited_ms": wait_ms})


@router.get("/threads")
async def read_threads() -> Threads:
    """Return the thread limiter's state; `async`, so it answers even while all threads are busy."""
    limiter = current_default_thread_limiter()
    return Threads(
        tokens=int(limiter.total_tokens),
        borrowed=limiter.borrowed_tokens,
        queued=limiter.statistics().tasks_waiting,
    )

"""How many threads a process has for calls that block."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI


def limit_threads(app: FastAPI, tokens: int) -> None:
    """Allow this many threads at once, instead of anyio's 40.

    Every `def` route takes one of these tokens while it runs, and so does `to_thread.run_sync`:
    predictions too. The limiter belongs to the event loop, so it is set where the loop runs.
    """
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        current_default_thread_limiter().total_tokens = tokens
        async with inner(app) as state:
            yield state

    app.router.lifespan_context = lifespan

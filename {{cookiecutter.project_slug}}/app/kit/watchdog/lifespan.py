"""The watchdog beside the app: it logs what it finds, and counts it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

import structlog
from opentelemetry import metrics

from app.kit.watchdog.stack import PROJECT
from app.kit.watchdog.thread import Block, Watchdog

StateT = TypeVar("StateT")

# goes where the app's own telemetry goes, and nowhere while none is configured
blocks = metrics.get_meter("app").create_counter(
    "app.event_loop.blocks", unit="{block}", description="How often the event loop was blocked"
)


@asynccontextmanager
async def with_watchdog(
    opened: AbstractAsyncContextManager[StateT], limit_ms: int
) -> AsyncIterator[StateT]:
    """Add a watchdog to a lifespan while the app serves; a limit of 0 adds none."""
    async with opened as state:
        loop = asyncio.get_running_loop()
        with Watchdog(loop, limit_ms / 1000, report) if limit_ms else nullcontext():
            yield state


def report(block: Block) -> None:
    """Log what blocks the loop, and count it once, when it is over."""
    place = block.place
    path = Path(place.file)
    file = path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else place.file
    structlog.get_logger().warning(
        f"The event loop {'was' if block.over else 'is still'} blocked",
        handler=place.handler,
        at=f"{file}:{place.line}",
        code=place.code,
        inside=place.inside,
        duration_ms=round(block.seconds * 1000),
    )
    if block.over:
        where = {"code.function.name": place.handler, "code.file.path": file}
        blocks.add(1, {**where, "code.line.number": place.line})

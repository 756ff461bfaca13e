"""Structured logs: readable on a terminal, one JSON object per line anywhere else.

Every line that belongs to a request carries the request's id, which the client sees as well.
"""

import json
import logging
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, partial
from time import gmtime, strftime, time
from typing import Any, TextIO, cast

import structlog
from pydantic_core import PydanticSerializationError, to_json
from structlog.typing import EventDict, Processor, WrappedLogger

from app.kit.ids import random_bits
from app.kit.log_stream import LogStream

request_id: ContextVar[str] = ContextVar("request_id", default="-")
is_safe = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch


def begin_request(given: bytes | None) -> str:
    """Take the caller's id if it is safe to log, or make one; it lasts as long as the task."""
    made = f"{random_bits():032x}"  # unique is enough: the id is not a secret
    request_id.set(given.decode("ascii") if given and is_safe(given) else made)
    return request_id.get()


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the id of the request that the line belongs to, if any."""
    if request_id.get() != "-":
        event["request_id"] = request_id.get()
    return event


@lru_cache(maxsize=1)
def format_second(second: int) -> str:
    """Return the part of a time that is the same for every line of a second."""
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))


def add_timestamp(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the time, in UTC, to the millisecond; most of it is formatted only once a second."""
    now = time()
    event["timestamp"] = f"{format_second(int(now))}.{int(now % 1 * 1000):03d}Z"
    return event


def as_json(event: EventDict, **_: object) -> str:
    """Return a line as JSON, whatever is in it."""
    try:
        return to_json(event, inf_nan_mode="strings", fallback=repr).decode()
    except PydanticSerializationError:  # half a surrogate pair, bytes, a `repr` that raises
        return json.dumps(event, default=lambda value: f"<{type(value).__name__}>")


def on_terminal() -> bool:
    """Return whether a person reads the lines."""
    return sys.stderr is not None and sys.stderr.isatty()


def renderers() -> list[Processor]:
    """Return the last steps: for a person on a terminal, for a machine elsewhere."""
    if on_terminal():
        # repr keeps a client's text from controlling the terminal
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(repr_native_str=True, exception_formatter=plain)]
    as_line = structlog.processors.JSONRenderer(as_json)
    return [structlog.processors.format_exc_info, as_line]


def request_logger() -> Callable[..., Any]:
    """Return a function that writes the line of a request.

    Every request pays for it, so a machine's line is made here: structlog's way to the same line
    takes three times as long, a sixth of a bare request.
    """
    if on_terminal():
        return partial(structlog.get_logger().bind().info, "request")
    write = LogStream(sys.stderr).write

    def write_line(**event: object) -> None:
        event |= {"event": "request", "level": "info"}
        write(as_json(add_request_id(None, "", add_timestamp(None, "", event))) + "\n")

    return write_line


def configure_logs() -> None:
    """Send our lines, and those of uvicorn and other libraries, to standard error in one shape."""
    stream = LogStream(sys.stderr)
    steps: list[Processor] = [structlog.processors.add_log_level, add_timestamp, add_request_id]
    structlog.configure(
        processors=[*steps, *renderers()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", stream)),
    )
    bridge = structlog.stdlib.ProcessorFormatter
    handler = logging.StreamHandler(stream)
    processors = [bridge.remove_processors_meta, *renderers()]
    handler.setFormatter(bridge(foreign_pre_chain=steps, processors=processors))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.INFO)
        logger.propagate = name != "uvicorn.access"  # only our line has the request id

"""Structured logs: readable on a terminal, one JSON object a line anywhere else."""

import json
import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.request_id import current_request_id

# made once: json.dumps with options makes an encoder for every line
encode = json.JSONEncoder(default=repr).encode


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Every line that belongs to a request says so."""
    event["request_id"] = current_request_id()
    event.pop("color_message", None)  # uvicorn's second copy of its own text
    return event


def to_json(event: EventDict, **_: object) -> str:
    """A line of JSON: a line break in somebody's text stays inside its string."""
    return encode(event)


def renderers() -> list[Processor]:
    """The last steps: for a person on a terminal, for a machine elsewhere."""
    if sys.stderr.isatty():
        # repr keeps a line break in somebody's text from starting a line of its own
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(repr_native_str=True, exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(to_json)]


def configure_logs() -> None:
    """Send our lines, and those of uvicorn and other libraries, to standard error in one shape."""
    steps: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request_id,
    ]
    structlog.configure(
        processors=[*steps, *renderers()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    bridge = structlog.stdlib.ProcessorFormatter
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        bridge(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *steps],
            processors=[bridge.remove_processors_meta, *renderers()],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.INFO)
        logger.propagate = name != "uvicorn.access"  # only our line has the request id

"""The id of the request that is being answered: in the header, every log line and every problem."""

import re
from contextvars import ContextVar
from random import getrandbits

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_safe = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch


def current_request_id() -> str:
    """The id of the current request, or `-` outside one."""
    return _request_id.get()


def begin_request(given: bytes | None) -> str:
    """Take the caller's id if it is safe to log, or make one; it lasts as long as the task."""
    # unique is enough: the id is no secret
    made = f"{getrandbits(128):032x}"
    request_id = given.decode("ascii") if given and _safe(given) else made
    _request_id.set(request_id)
    return request_id

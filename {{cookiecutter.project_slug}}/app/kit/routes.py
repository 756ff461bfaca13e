"""A route that costs a stranger nothing: who calls is checked before what was sent is read.

FastAPI reads and parses the body first and calls the dependencies afterwards, so anyone could have
a file kept and a form parsed. `mount` makes each route one of these.
"""

import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette.exceptions import HTTPException

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# A form of the API has a file and a few short fields. A route or its router may raise these.
FORM_LIMITS = {"max_files": 8, "max_fields": 64, "max_part_size": 2**16}
FRAMEWORKS = "There was an error parsing the body"  # its detail, whatever the cause
UNREADABLE = "The body could not be kept while it was read; try again soon."

logger = structlog.get_logger()


class GuardedRoute(APIRoute):
    """A route whose security schemes are called before its body is read."""

    def get_route_handler(self) -> Handler:
        """Take the schemes out of what FastAPI calls, but not out of what it documents."""
        documented = self.dependant
        schemes = [d for d in documented.dependencies if isinstance(d.call, SecurityBase)]
        others = [d for d in documented.dependencies if not isinstance(d.call, SecurityBase)]
        self.dependant = replace(documented, dependencies=others)
        handle = super().get_route_handler()
        self.dependant = documented
        if not schemes and not self.body_field:
            return handle
        checks: list[Callable[..., Any]] = [scheme.call for scheme in schemes if scheme.call]

        async def handle_guarded(request: Request) -> Response:
            for check in checks:
                await check(request)
            try:
                return await handle(request)
            except HTTPException as error:
                raise own_fault(error) or error from error.__cause__

        return handle_guarded


def own_fault(error: HTTPException) -> HTTPException | None:
    """Return a 503 for what the framework answers with 400, though no client can help it.

    A full disk or temporary folder, too little memory, no further thread (a plain RuntimeError).
    """
    cause = error.__cause__
    ours = isinstance(cause, OSError | MemoryError) or type(cause) is RuntimeError
    if not ours or error.detail != FRAMEWORKS:
        return None
    logger.error("A body could not be read", cause=repr(cause)[:300])
    return HTTPException(503, UNREADABLE, {"Retry-After": "1"})


def warn_without_temporary_folder() -> None:
    """Tell the operator now, rather than with each upload, if there is nowhere to keep one."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        logger.warning("No upload of more than 1 MB can be kept", cause=str(error))

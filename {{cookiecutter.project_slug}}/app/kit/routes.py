"""A route that costs a stranger nothing: who calls is checked before what was sent is read.

FastAPI reads and parses the body first and calls the dependencies afterwards, so anyone could have
a file kept and a form parsed. `mount` makes each route one of these.
"""

import tempfile
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette._utils import is_async_callable
from starlette.exceptions import HTTPException

from app.kit.json_body import JsonRequest

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Scheme = Callable[..., Any]

VALUES = "app.schemes"  # in a request's scope: what its schemes have returned

# A form of the API has a file and a few short fields. A route or its router may raise these.
FORM_LIMITS = {"max_files": 8, "max_fields": 64, "max_part_size": 2**16}
FRAMEWORKS = "There was an error parsing the body"  # its detail, whatever the cause
UNREADABLE = "The body could not be kept while it was read; try again soon."

logger = structlog.get_logger()


class GuardedRoute(APIRoute):
    """A route whose security schemes are called before its body is read.

    A scheme is called once, also if only another dependency asks for it. That dependency is called
    after the body is read, so a scheme should check what it reads, as `ApiKey` does. One that takes
    more than the request is called as late as any dependency.
    """

    def get_route_handler(self) -> Handler:
        """Have FastAPI call everything but the schemes, and document them all the same."""
        documented, handle_unguarded = self.dependant, super().get_route_handler()
        schemes: dict[Scheme, Scheme] = {}
        self.dependant = without_schemes(documented, schemes)
        handle = super().get_route_handler()
        self.dependant = documented
        if not schemes and not self.body_field:
            return handle
        provider = self.dependency_overrides_provider

        async def handle_guarded(request: Request) -> Response:
            try:
                request = JsonRequest(request.scope, request.receive)
                if provider and provider.dependency_overrides:  # a test's: FastAPI knows them
                    return await handle_unguarded(request)
                values = request.scope[VALUES] = {}
                for scheme, call in schemes.items():
                    values[scheme] = await call(request)
                if self.is_sse_stream:  # a body that is too large would end it halfway
                    await request.body()
                return await handle(request)
            except HTTPException as error:
                raise own_fault(error) or error from error.__cause__

        return handle_guarded


def read_headers(routes: Iterable[object]) -> set[str]:
    """Return the names of the headers that these routes declare: a web page may send them."""
    found = [route.dependant for route in routes if isinstance(route, APIRoute)]
    for dependant in found:  # which grows meanwhile
        found += dependant.dependencies
    return {field.alias for dependant in found for field in dependant.header_params}


def without_schemes(dependant: Dependant, found: dict[Scheme, Scheme]) -> Dependant:
    """Return the tree with the values of the schemes instead of the schemes, which are added."""
    dependencies = []
    for below in dependant.dependencies:
        if not (scheme := plain_scheme(below)):
            dependencies.append(without_schemes(below, found))
            continue
        found[scheme] = scheme if is_async_callable(scheme) else partial(run_in_threadpool, scheme)
        if below.name:  # or nobody takes the value
            dependencies.append(value_of(scheme, below.name))
    return replace(dependant, dependencies=dependencies)


def plain_scheme(dependant: Dependant) -> Scheme | None:
    """Return the scheme that this calls, if it is one that takes the request and nothing else."""
    call = dependant.call
    takes_request = dependant.request_param_name or dependant.http_connection_param_name
    if call and isinstance(call, SecurityBase) and takes_request:
        return call if len(signature(call).parameters) == 1 else None
    return None


def value_of(scheme: Scheme, name: str) -> Dependant:
    """Return a dependency that gives, under this name, what the scheme has returned."""

    async def value(request: HTTPConnection) -> object:
        return request.scope[VALUES][scheme]

    return Dependant(call=value, name=name, http_connection_param_name="request")


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

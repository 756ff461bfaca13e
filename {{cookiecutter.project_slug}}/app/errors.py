"""Every error the service raises, and how each becomes one answer (RFC 9457).

    AppError                      a class owns status and title; its docstring is the usual message
    ├── NotFoundError             404
    │   ├── ModelNotFoundError        (app/serving/models.py)
    │   ├── PredictionNotFoundError   (app/predictions/store.py)
    │   ├── TaskNotFoundError         (app/tasks/records.py)
    │   └── UnknownKindError          (app/tasks/kinds/registry.py)
    ├── IdempotencyConflictError  409 (app/tasks/records.py)
    ├── LeaseLostError            409 (app/tasks/records.py)
    ├── NoTaskFileError           409 (app/tasks/service.py)
    ├── UnavailableError          503, with Retry-After
    │   ├── StorageUnavailableError   (app/storage/connection.py)
    │   ├── QueueFullError            (app/tasks/service.py)
    │   ├── ModelBusyError            (app/serving/errors.py)
    │   ├── ModelTimeoutError         (app/serving/errors.py)
    │   ├── ModelNotReadyError        (app/serving/errors.py)
    │   └── ModelClosedError          (app/serving/errors.py)
    # {% if cookiecutter.__showcases == "yes" %}
    │   ├── NoCapacityError           (app/showcases/machines/errors.py)
    │   ├── ProviderRefusedError      (app/showcases/machines/errors.py)
    │   └── ProviderUnavailableError  (app/showcases/machines/errors.py)
    ├── MachineInUseError         409 (app/showcases/machines/errors.py)
    ├── StartFailedError          409 (app/showcases/machines/errors.py)
    ├── StopFailedError           409 (app/showcases/machines/errors.py)
    ├── MachineGoneError          410 (app/showcases/machines/errors.py)
    ├── PresenceFullError         409 (app/showcases/presence/store.py)
    ├── SessionTakenError         409 (app/showcases/presence/store.py)
    # {% endif %}
    ├── BadPayloadError           422 (app/tasks/service.py)
    ├── BadResultError            422 (app/tasks/engine/outcome.py)
    ├── InfiniteValueError        422 (app/serving/unseen.py)
    ├── UnreadableFeaturesError   422 (app/predictions/service.py)
    ├── BadOutcomeError           422 (app/predictions/outcomes/schemas.py)
    ├── ClientLeftError           408 (app/serving/errors.py)
    ├── ModelFailedError          500 (app/serving/errors.py)
    │   └── BadAnswerError            (app/serving/errors.py)
    ├── ResultTooLargeError       413 (app/tasks/engine/context.py)
    # {% if cookiecutter.__course == "yes" %}
    ├── TodoError                 501 (app/todo.py)
    # {% endif %}
    └── BadUploadError            422 (app/tasks/kinds/row_format.py)
        └── BadRowError               (app/tasks/kinds/row_format.py)

    StartError                    the app cannot start, and what to type next (app/kit/start.py)
    ├── SettingsError             (app/kit/settings.py)
    ├── ProviderError             (app/serving/onnx.py)
    └── ArtefactError             (app/serving/artefact.py)

Services raise domain errors and know nothing of HTTP. `HTTPException` is for HTTP's own matters: a
missing key, an unknown route. Both are answered as `application/problem+json`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from inspect import cleandoc
from typing import ClassVar

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.kit.problems import TOO_LARGE, InvalidField, problem_response, too_large

MOST_ERRORS = 100  # that an answer has

logger = structlog.get_logger()


class AppError(Exception):
    """The service could not do what was asked."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"
    headers: ClassVar[Mapping[str, str]] = {}
    place: str | None = None  # the row of a list, counted from 0, or the line of a file

    @property
    def detail(self) -> str:
        """The message for the client: what the error was raised with, or its class's docstring."""
        said = str(self) or cleandoc(type(self).__doc__ or self.title)
        return f"{self.place}: {said}" if self.place else said


class NotFoundError(AppError):
    """There is nothing at this address."""

    status = 404
    title = "Not Found"


class UnavailableError(AppError):
    """The service cannot do this at the moment; try again soon."""

    status = 503
    title = "Service Unavailable"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


async def answer_app_error(_: Request, error: AppError) -> Response:
    """Answer a domain error with its own status, title and message."""
    if isinstance(error, UnavailableError):
        # no traceback: an outage logs one such line for each request
        logger.error(error.title, kind=type(error).__name__, cause=repr(error.__cause__)[:300])
    elif error.status >= 500:
        logger.error(error.title, exc_info=error)
    name = type(error).__name__.removesuffix("Error")
    members = {"type": f"urn:problem:{name}", "title": error.title, "detail": error.detail}
    return problem_response(error.status, error.headers, **members)


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    return problem_response(error.status_code, headers, detail=error.detail)


async def answer_too_large(request: Request, error: HTTPException) -> Response:
    """Name the limit that a body is beyond, as Starlette does not."""
    error.detail = too_large(request.scope) if error.detail == TOO_LARGE else error.detail
    return await answer_http_exception(request, error)


def allowed_methods(request: Request) -> set[str]:
    """Return every method of the path; the framework itself names only the first route's."""
    routes = [r for r in request.app.routes if r.matches(request.scope)[0] is not Match.NONE]
    return {method for route in routes for method in getattr(route, "methods", None) or ()}


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Say where and why input was refused, but never show the value: it may be a password."""
    found = error.errors()
    errors = [invalid_field(one["loc"], one["type"], one["msg"]) for one in found[:MOST_ERRORS]]
    detail = f"{len(found)} value(s) of the request were refused; `errors` says which and why."
    return problem_response(422, {}, detail=detail, errors=errors)


def invalid_field(loc: tuple[str | int, ...], rule: str, message: str) -> InvalidField:
    """Convert Pydantic's error to ours; cut short a name that the client made up."""
    pointer = "".join(f"/{str(part)[:64]}" for part in loc[1:])
    return InvalidField(location=str(loc[0]), pointer=pointer, rule=rule, message=message)


def install_error_handlers(app: FastAPI) -> None:
    """Install a handler for each kind; `app/kit/middleware.py` answers anything else, a bug."""
    app.exception_handler(AppError)(answer_app_error)
    app.exception_handler(HTTPException)(answer_http_exception)
    app.exception_handler(413)(answer_too_large)
    app.exception_handler(RequestValidationError)(answer_validation_error)

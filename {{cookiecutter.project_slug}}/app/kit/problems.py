"""The one shape of every error, as a client gets it (RFC 9457 problem details)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Response
from fastapi.encoders import jsonable_encoder
from fastapi.utils import is_body_allowed_for_status_code
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.types import Scope

from app.kit.logs import request_id

PROBLEM_JSON = "application/problem+json"
TOO_LARGE = "Content Too Large"  # Starlette's detail, which names no limit


class InvalidField(BaseModel):
    """A value that was refused: where it is, and the rule that it broke."""

    location: str = Field(description="body, query, path or header", examples=["body"])
    pointer: str = Field(description="JSON pointer to the value", examples=["/width_cm"])
    rule: str = Field(description="The name of the rule", examples=["less_than_equal"])
    message: str


class Problem(BaseModel):
    """The one shape of every error (RFC 9457 problem details)."""

    type: str = Field(description="`about:blank`, or a name for the kind of error")
    title: str
    status: int
    detail: str = Field(description="What happened, for a person")
    request_id: str = Field(description="Also in the `X-Request-ID` header and in the server's log")
    errors: list[InvalidField] | None = Field(None, description="Only when values were refused")
    context: Any = Field(None, description="Only if the route said more than a text")


def phrase_of(status: int) -> str:
    """Return the status's phrase; that of an unknown one is its class's first (RFC 9110, 15)."""
    known = status in HTTPStatus.__members__.values()
    return HTTPStatus(status if known else status // 100 * 100).phrase


def as_context(value: object) -> object:
    """Return what JSON can hold of a value, whatever it is."""
    try:
        return json.loads(to_json(value, inf_nan_mode="null", fallback=str))
    except ValueError:  # half a surrogate pair, bytes that are no text, a circle
        return repr(value)


def too_large(scope: Scope) -> str:
    """Say how large the body of a request may be, and what decides it."""
    limit, decides = scope.get(MAX_BODY_SIZE_SCOPE_KEY, 0), "the setting MAX_BODY_BYTES"
    if of_route := getattr(scope.get("route"), "max_body_size", None):
        limit, decides = of_route, "this route"
    return f"The body may have {limit:,} bytes at most, says {decides}."


def problem_body(status: int, **members: object) -> bytes:
    """Return a problem as JSON; the status gives the members that are missing."""
    phrase = phrase_of(status)
    default = {"type": "about:blank", "title": phrase, "detail": phrase}
    detail = members.pop("detail", "")
    if not isinstance(detail, str):  # FastAPI lets that of an `HTTPException` be anything
        members["context"] = as_context(detail)
    elif detail:
        members["detail"] = detail
    fixed = {"status": status, "request_id": request_id.get()}
    problem = Problem.model_validate(default | members | fixed)
    # ASCII only: a client may send half a surrogate pair as the name of a field
    return json.dumps(problem.model_dump(exclude_none=True)).encode("ascii")


def problem_response(status: int, headers: Mapping[str, str], **members: object) -> Response:
    """Return a problem as an answer; for a status without a body, such as 304, only the headers."""
    if not is_body_allowed_for_status_code(status):
        return Response(status_code=status, headers=headers)
    return Response(problem_body(status, **members), status, headers, media_type=PROBLEM_JSON)


def whole_problem(status: int) -> bytes:
    """Return a whole answer, for what is refused before it is a request; it closes."""
    body = problem_body(status)
    headers = {
        "content-type": PROBLEM_JSON,
        "content-length": str(len(body)),
        "x-request-id": request_id.get(),
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {status} {phrase_of(status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these problems.

    `document_problems` adds their schema: with a model here, FastAPI would build a validator for
    each status of each route, half of all that it builds when the app starts.
    """
    return {s: {"description": phrase_of(s)} for s in statuses}


def document_problems(app: FastAPI) -> None:
    """Make the OpenAPI document describe every error as a problem, with its own media type."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        add_schema(document)
        for path in document["paths"].values():
            for operation in path.values():
                responses = operation["responses"]
                responses.setdefault("default", {"description": "Any other error"})
                for status, response in responses.items():
                    if status >= "400":
                        describe_problem(response)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def add_schema(document: dict[str, Any]) -> None:
    """Add the problem's schema to the document's, unless a route has done so."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    problem = jsonable_encoder(schema, exclude_none=True)
    for name, described in {**problem.pop("$defs"), "Problem": problem}.items():
        schemas.setdefault(name, described)


def describe_problem(response: dict[str, Any]) -> None:
    """Give a response the problem's media type, and its schema if it has none of its own."""
    described: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for body in response.get("content", {}).values():  # with the route's media type, say a stream's
        described |= body
    response["content"] = {PROBLEM_JSON: described}

"""What the checks of chapter 10 ask the function, and how they read its results."""

import base64
import json
from functools import cache
from typing import NoReturn

from chapters.ch10_serverless.events import Event
from chapters.ch10_serverless.runtime import Function, function
from learn.grading.exchange import Json
from learn.grading.lab import CheckFailed, Lab


@cache
def shared(lab: Lab) -> Function:
    """Return the function that the checks share, started by the first one."""
    return lab.enter(function(lab))


def ask(
    lab: Lab, event: Event, status: int, why: str = "answer", served: Function | None = None
) -> Json:
    """Return the result of a request; fail the check unless a gateway could make this of it."""
    outcome = (served or shared(lab)).call(event)
    got = outcome.result
    if outcome.failed or not isinstance(got, dict) or got.get("statusCode") != status:
        fail(event, got, f"statusCode {status}", why)
    if not isinstance(got.get("body"), str) or type(got.get("isBase64Encoded")) is not bool:
        fail(event, got, "a body that is a text, and isBase64Encoded: true or false", "format")
    return got


def fail(event: Event, got: object, expected: str, why: str, **facts: object) -> NoReturn:
    """Fail the check with what was sent and what came back, each on one line."""
    context = event.get("requestContext", {})
    path = context.get("path") or context.get("http", {}).get("path") or json.dumps(event)
    method = event.get("httpMethod") or context.get("http", {}).get("method", "")
    raise CheckFailed(
        why, sent=f"{method} {path}".strip(), got=json.dumps(got)[:300], expected=expected, **facts
    )


def bytes_of(event: Event, result: Json) -> bytes:
    """Return the body of a result as a gateway sends it; fail the check if it cannot."""
    body: str = result["body"]
    try:
        encoded = result["isBase64Encoded"]
        return base64.b64decode(body, validate=True) if encoded else body.encode()
    except ValueError:
        fail(event, result, "a body in base64", "format")


def text_of(result: Json) -> str:
    """Return the body of a result, decoded if need be."""
    return bytes_of({}, result).decode("utf-8", "replace")


def expect_links(lab: Lab, event: Event, prefix: str, served: Function | None = None) -> None:
    """Fail the check unless this event for /docs gets a page whose links begin with the prefix."""
    page = text_of(ask(lab, event, 200, "address", served))
    link = f"'{prefix}/openapi.json'"
    if link not in page:
        fail(event, page, f"a link to {link}", "links", prefix=prefix or "no prefix")


def expect_length(event: Event, result: Json) -> None:
    """Fail the check unless the body is as long as its header says."""
    if event["requestContext"]["http"]["method"] == "HEAD":
        return
    length, found = int(result["headers"]["content-length"]), len(bytes_of(event, result))
    if found != length:
        fail(event, f"{found} bytes", f"{length} bytes", "garbled", count=length)

"""Chapter 10: the function of the app, which asks a runtime API of the grader's for its events."""

import base64
import json
from functools import cache

from chapters.ch10_serverless.events import OWN_DOMAIN, Event, http, rest
from chapters.ch10_serverless.runtime import Function, function
from learn.grading.exchange import Json
from learn.grading.lab import CheckFailed, Lab, check
from learn.grading.process import CannotGrade, NotStarted

PREDICT, MODEL, DOCS = "/v1/predict", "/v1/model", "/docs"
PICTURE = "/docs/assets/favicon.png"
PNG = b"\x89PNG\r\n\x1a\n"
SCHEDULED = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events"}


@cache
def shared(lab: Lab) -> Function:
    """Return the function that the checks share, started by the first one."""
    return lab.enter(function(lab))


def ask(lab: Lab, event: Event, status: int, why: str = "answer", **facts: object) -> Json:
    """Return the result of a request; fail the check unless it has this status."""
    outcome = shared(lab).call(event)
    got = outcome.result
    if outcome.failed or not isinstance(got, dict) or got.get("statusCode") != status:
        fail(event, got, f"statusCode {status}", why, **facts)
    return got


def fail(event: Event, got: object, expected: str, why: str, **facts: object) -> None:
    """Fail the check with what was sent and what came back, each on one line."""
    context = event.get("requestContext", {})
    path = context.get("path") or context.get("http", {}).get("path") or json.dumps(event)
    method = event.get("httpMethod") or context.get("http", {}).get("method", "")
    raise CheckFailed(
        why, sent=f"{method} {path}".strip(), got=json.dumps(got)[:300], expected=expected, **facts
    )


def text_of(result: Json) -> str:
    """Return the body of a result, decoded if need be."""
    body: str = result["body"]
    if not result.get("isBase64Encoded"):
        return body
    return base64.b64decode(body).decode("utf-8", "replace")


@check("one-load")
def one_load_before_the_first_event(lab: Lab) -> None:
    count = len(shared(lab).gate.events("load"))
    if not count:
        raise CheckFailed("none", got="0 loads", expected="1 load, before the first event")
    if count > 1:
        raise CheckFailed("twice", got=f"{count} loads", expected="1", count=count)


@check("stays-open")
def warm_calls_load_and_close_nothing(lab: Lab) -> None:
    calls = lab.random.randint(3, 5)
    for number in range(calls):
        long = number % 2
        flower = lab.flower(sepal_length_cm=7.1 if long else 5.0)
        event = http("POST", PREDICT, flower)
        result = ask(lab, event, 200)
        expected = ("short", "long")[long]
        if json.loads(text_of(result)).get("label") != expected:
            fail(event, result, expected, "answer")
    gate = shared(lab).gate
    count = len(gate.events("load"))
    if count != 1:
        raise CheckFailed("again", got=f"{count} loads", expected="1", calls=calls, count=count)
    if gate.events("close"):
        raise CheckFailed("closed", got="close()", expected="an open model")


@check("stage")
def a_stage_is_part_of_the_address(lab: Lab) -> None:
    stage = lab.word()
    for event in (rest("GET", MODEL, stage=stage), http("GET", MODEL, stage=stage)):
        ask(lab, event, 200, "address")
    for event in (rest("GET", DOCS, stage=stage), http("GET", DOCS, stage=stage)):
        page = text_of(ask(lab, event, 200, "address"))
        if f"'/{stage}/openapi.json'" not in page:
            fail(event, page, f"a link to /{stage}/openapi.json", "links", prefix=f"/{stage}")


@check("own-domain")
def a_domain_of_ones_own_hides_the_stage(lab: Lab) -> None:
    for stage in (lab.word(), "v1"):  # the second is how our own paths begin
        for event in (
            rest("GET", MODEL, stage=stage, domain=OWN_DOMAIN),
            http("GET", MODEL, stage=stage, domain=OWN_DOMAIN),
            http("GET", MODEL),
        ):
            ask(lab, event, 200, "address")
        event = rest("GET", DOCS, stage=stage, domain=OWN_DOMAIN)
        page = text_of(ask(lab, event, 200, "address"))
        if "'/openapi.json'" not in page:
            fail(event, page, "a link to /openapi.json", "links", prefix="/")


@check("text")
def problems_are_text(lab: Lab) -> None:
    wrong = lab.flower(petal_width_cm=-1)
    for event, status in (
        (http("GET", f"/v1/{lab.word()}"), 404),
        (http("POST", PREDICT, wrong), 422),
        (http("GET", MODEL), 200),
    ):
        result = ask(lab, event, status)
        if result["isBase64Encoded"]:
            fail(event, result, "isBase64Encoded: false", "base64")


@check("bytes")
def a_picture_arrives_whole(lab: Lab) -> None:
    event = http("GET", PICTURE)
    result = ask(lab, event, 200)
    length = int(result["headers"]["content-length"])
    encoded = bool(result["isBase64Encoded"])
    found = base64.b64decode(result["body"]) if encoded else result["body"].encode()
    if len(found) != length or not found.startswith(PNG):
        fail(event, f"{len(found)} bytes", f"{length} bytes", "garbled", count=length)


@check("warm")
def a_scheduled_event_is_no_request(lab: Lab) -> None:
    outcome = shared(lab).call(SCHEDULED)
    if outcome.failed:
        fail(SCHEDULED, outcome.result, "no error", "crashed")


@check("others-fail")
def no_message_is_swallowed(lab: Lab) -> None:
    message = {"eventSource": "aws:sqs", "messageId": lab.word(), "body": lab.word()}
    for event in ({"Records": [message]}, {"source": "aws.s3"}):
        outcome = shared(lab).call(event)
        if not outcome.failed:
            fail(event, outcome.result, "an error", "swallowed")
    ask(lab, http("GET", MODEL), 200)


@check("no-model-no-start")
def without_a_model_there_is_no_function(lab: Lab) -> None:
    try:
        with function(lab, MODELS="app.models:MODELS", MODELS_DIR=lab.new_work()):
            pass
    except (NotStarted, CannotGrade):
        return
    raise CheckFailed("served", got="a running function", expected="one that does not start")

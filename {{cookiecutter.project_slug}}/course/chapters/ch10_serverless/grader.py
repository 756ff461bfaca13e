"""Chapter 10: the function of the app, which asks a runtime API of the grader's for its events."""

from chapters.ch10_serverless.asking import (
    ask,
    bytes_of,
    expect_length,
    expect_links,
    fail,
    shared,
    text_of,
)
from chapters.ch10_serverless.events import OWN_DOMAIN, balancer, http, rest
from chapters.ch10_serverless.runtime import function
from learn.grading.lab import CheckFailed, Lab, check
from learn.grading.process import CannotGrade, NotStarted

PREDICT, MODEL, DOCS = "/v1/predict", "/v1/model", "/docs"
PICTURE = "/docs/assets/favicon.png"
PNG = b"\x89PNG\r\n\x1a\n"


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
        if f'"label":"{expected}"' not in text_of(result):
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
    for event in (
        rest("GET", MODEL, stage=stage),
        rest("GET", MODEL, stage=stage, route="/v1/{proxy+}"),
        rest("GET", MODEL, stage=stage, route=MODEL),
        http("GET", MODEL, stage=stage),
        http("GET", MODEL, stage=stage, route="$default"),
    ):
        ask(lab, event, 200, "address")
    for event in (
        rest("GET", DOCS, stage=stage),
        http("GET", DOCS, stage=stage),
        http("GET", DOCS, stage=stage, route="$default"),
    ):
        expect_links(lab, event, f"/{stage}")


@check("own-domain")
def a_domain_of_ones_own_hides_the_stage(lab: Lab) -> None:
    for stage in (lab.word(), "v1"):  # the second is how our own paths begin
        for event in (
            rest("GET", MODEL, stage=stage, domain=OWN_DOMAIN),
            http("GET", MODEL, stage=stage, domain=OWN_DOMAIN),
            http("GET", MODEL, stage=stage, domain=OWN_DOMAIN, route="$default"),
        ):
            ask(lab, event, 200, "address")
        expect_links(lab, rest("GET", DOCS, stage=stage, domain=OWN_DOMAIN), "")


@check("mapping")
def a_domain_may_map_a_path(lab: Lab) -> None:
    for mapping in (f"/{lab.word()}", f"/{lab.word()}/{lab.word()}", "/docs"):
        where = {"stage": lab.word(), "domain": OWN_DOMAIN, "mapping": mapping}
        for event in (
            rest("GET", DOCS, **where),
            rest("GET", DOCS, route=DOCS, **where),
            http("GET", DOCS, **where),
            http("GET", DOCS, route=f"GET {DOCS}", **where),
        ):
            expect_links(lab, event, mapping)


@check("no-prefix")
def where_nothing_precedes_there_is_no_prefix(lab: Lab) -> None:
    for event in (
        http("GET", DOCS),
        http("GET", DOCS, route="$default"),
        rest("GET", DOCS, stage="$default", domain=OWN_DOMAIN, route="$default"),
        balancer("GET", DOCS),
    ):
        expect_links(lab, event, "")


@check("root-path")
def root_path_is_for_what_no_event_says(lab: Lab) -> None:
    prefix = f"/{lab.word()}"
    with function(lab, ROOT_PATH=prefix) as served:
        for path in (f"{prefix}{DOCS}", DOCS):  # a proxy may leave it, or take it away
            expect_links(lab, balancer("GET", path), prefix, served)
            expect_links(lab, http("GET", path, route="$default"), prefix, served)


@check("text")
def problems_are_text(lab: Lab) -> None:
    wrong = lab.flower(petal_width_cm=-1)
    for event, status in (
        (http("GET", f"/v1/{lab.word()}"), 404),
        (http("POST", PREDICT, wrong), 422),
        (http("GET", MODEL), 200),
        (http("GET", DOCS), 200),
        (http("GET", "/openapi.json"), 200),
        (http("HEAD", MODEL), 200),
    ):
        result = ask(lab, event, status)
        if result["isBase64Encoded"]:
            fail(event, result, "isBase64Encoded: false", "base64")
        expect_length(event, result)


@check("bytes")
def a_picture_arrives_whole(lab: Lab) -> None:
    event = http("GET", PICTURE)
    result = ask(lab, event, 200)
    if not bytes_of(event, result).startswith(PNG):
        fail(event, result, "a PNG", "garbled", count=result["headers"]["content-length"])
    expect_length(event, result)


@check("warm")
def a_scheduled_event_is_no_request(lab: Lab) -> None:
    scheduled = {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events"}
    for event in (scheduled, {"source": "aws.scheduler"}, {"source": "serverless-plugin-warmup"}):
        outcome = shared(lab).call(event)
        if outcome.failed or outcome.result is not None:
            fail(event, outcome.result, "null", "crashed")
        ask(lab, http("GET", "/health/ready"), 200)


@check("others-fail")
def no_message_is_swallowed(lab: Lab) -> None:
    quoted = f"{lab.word()}: aws.events, requestContext"
    message = {"eventSource": "aws:sqs", "messageId": lab.word(), "body": quoted}
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

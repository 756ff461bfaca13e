"""Chapter 05: whatever goes wrong, the client sees one shape, and the operator sees the cause."""

import json
from functools import cache
from typing import NoReturn
from uuid import UUID

from learn.grading.exchange import Json
from learn.grading.gate import wait_until
from learn.grading.lab import Exchange, Lab, Server, check

PREDICT = "/v1/predict"
PREDICTIONS = "/v1/predictions"
WAIT = "/v1/tasks/wait"
PROBLEM_JSON = "application/problem+json"
MEMBERS = {"type": str, "title": str, "status": int, "detail": str, "request_id": str}
ALWAYS_ALLOWED = {"HEAD", "OPTIONS"}  # some servers answer these everywhere
LONG = 10_000


@cache
def words(lab: Lab) -> tuple[str, str]:
    """Return the API key, and the text of the model's bug."""
    return lab.word(32), lab.word(12)


@cache
def app(lab: Lab) -> Server:
    """Serve an app that demands a key and whose model has a bug: all but inference works."""
    key, secret = words(lab)
    models = "learn.grading.probe:FAILING"
    return lab.keep(api_key=key, models=models, probe_secret=secret)


def ask(
    lab: Lab, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None
) -> Exchange:
    """Send a request with the key."""
    return app(lab).send(method, path, body, {"X-API-Key": words(lab)[0]} | (headers or {}))


def problem(exchange: Exchange, status: int, why: str = "status") -> dict[str, Json]:
    """Return the body, which must be a problem with this status."""
    exchange.expect(status, why=why)
    body = exchange.json if isinstance(exchange.json, dict) else {}
    media = exchange.headers.get("content-type", "missing")
    if media.partition(";")[0] != PROBLEM_JSON:
        expected = f"{status} as {PROBLEM_JSON}"
        if body.keys() == {"detail"}:
            exchange.fail(expected, why="framework")
        exchange.fail(expected, why="media", media=media)
    wrong = [name for name, kind in MEMBERS.items() if not isinstance(body.get(name), kind)]
    wrong += [] if body.get("status") == status else ["status"]
    if wrong:
        exchange.fail(f"{status} with {', '.join(MEMBERS)}", why="members", wrong=wrong[0])
    return body


def refused(exchange: Exchange, *expected: tuple[str, str, str]) -> None:
    """Demand a 422 that names these locations, pointers and rules."""
    errors = problem(exchange, 422).get("errors")
    entries = [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
    found = [(e.get("location"), e.get("pointer"), e.get("rule")) for e in entries]
    if sorted(found, key=str) != sorted(expected, key=str):
        wanted = [dict(zip(("location", "pointer", "rule"), e, strict=True)) for e in expected]
        exchange.fail(f"422 with errors: {json.dumps(wanted)}", why="errors")


@check("unknown-route")
def unknown_addresses_are_problems(lab: Lab) -> None:
    for path in (f"/{lab.word()}", f"{PREDICT}/{lab.word()}"):
        problem(ask(lab, "GET", path), 404)


@check("methods")
def allow_names_every_method(lab: Lab) -> None:
    for method, path, there in (
        ("PUT", PREDICTIONS, {"GET", "POST"}),
        ("PATCH", f"/v1/tasks/{lab.word()}", {"DELETE", "GET", "POST"}),
        ("DELETE", "/health/live", {"GET"}),
    ):
        answer = ask(lab, method, path)
        problem(answer, 405)
        allow = answer.headers.get("allow", "")
        named = {name.strip().upper() for name in allow.split(",")}
        if not there <= named <= there | ALWAYS_ALLOWED:
            listed = ", ".join(sorted(there))
            facts = {"named": allow or "nothing", "there": listed}
            answer.fail(f"405 with Allow: {listed}", why="allow", **facts)


@check("refused")
def refused_input_is_located(lab: Lab) -> None:
    missing, low, high = lab.random.sample(sorted(lab.flower()), 3)
    invented = lab.word()
    flower = lab.flower(**{missing: None, low: 0, high: 31, invented: 1})
    refused(
        ask(lab, "POST", PREDICT, flower),
        ("body", f"/{missing}", "missing"),
        ("body", f"/{low}", "greater_than"),
        ("body", f"/{high}", "less_than_equal"),
        ("body", f"/{invented}", "extra_forbidden"),
    )
    limit = lab.random.randint(101, 999)
    limited = ask(lab, "GET", f"{PREDICTIONS}?limit={limit}")
    refused(limited, ("query", "/limit", "less_than_equal"))
    named = ask(lab, "GET", f"{PREDICTIONS}/{lab.word()}")
    refused(named, ("path", "/prediction_id", "uuid_parsing"))


@check("not-a-number")
def what_json_does_not_have_is_refused(lab: Lab) -> None:
    name = lab.random.choice(sorted(lab.flower()))
    for value in (float("nan"), float("-inf")):
        answer = ask(lab, "POST", PREDICT, lab.flower(**{name: value}))
        if answer.status != 422 or not is_strict_json(answer.body):
            answer.fail("422, in plain JSON", why="number")
        refused(answer, ("body", f"/{name}", "finite_number"))


def is_strict_json(body: bytes) -> bool:
    """Tell whether every JSON reader can read the text: Python's own accepts NaN."""

    def refuse(_: str) -> NoReturn:
        raise ValueError

    try:
        json.loads(body, parse_constant=refuse)
    except ValueError:
        return False
    return True


@check("no-echo")
def what_was_sent_stays_with_us(lab: Lab) -> None:
    secret, number = lab.word(12), round(lab.random.uniform(1000, 9999), 4)
    wrong, missing = lab.random.sample(sorted(lab.flower()), 2)
    half = b'{"%b": "%b' % (wrong.encode(), secret.encode())
    for answer, sent in (
        (ask(lab, "POST", PREDICT, lab.flower(**{wrong: secret, missing: None})), secret),
        (ask(lab, "POST", PREDICT, lab.flower(**{wrong: number, missing: None})), str(number)),
        (ask(lab, "POST", PREDICT, half), secret),
        (ask(lab, "GET", f"{PREDICTIONS}?limit={secret}"), secret),
    ):
        problem(answer, 422)
        if sent in answer.body.decode("utf-8", "replace"):
            answer.fail("422 without what was sent", why="echo", secret=sent)
    answer = ask(lab, "POST", PREDICT, lab.flower(**{"x" * LONG: 1}))
    problem(answer, 422)
    if b"x" * (LONG // 2) in answer.body:
        answer.fail("422 with the name cut short", why="long", length=LONG)


@check("domain")
def errors_of_the_service_have_types(lab: Lab) -> None:
    unknown = unknown_prediction(lab)
    key = {"Idempotency-Key": lab.word()}
    ask(lab, "POST", WAIT, {"seconds": 0}, key).expect(202, why="domain")
    conflict = ask(lab, "POST", WAIT, {"seconds": 0.01}, key)
    types = [problem(unknown, 404, "domain")["type"], problem(conflict, 409, "domain")["type"]]
    if "about:blank" in types or len(set(types)) < len(types):
        conflict.fail("409 with a type that only this error has", why="domain")


def unknown_prediction(lab: Lab, headers: dict[str, str] | None = None) -> Exchange:
    """Ask for a prediction that does not exist."""
    id_ = UUID(int=lab.random.getrandbits(128), version=4)
    return ask(lab, "GET", f"{PREDICTIONS}/{id_}", None, headers)


@check("request-id")
def request_id_is_everywhere(lab: Lab) -> None:
    for own in ({}, {"X-Request-ID": lab.word(12)}):
        for answer, status in (
            (unknown_prediction(lab, own), 404),
            (ask(lab, "GET", f"/{lab.word()}", None, own), 404),
            (ask(lab, "POST", PREDICT, {}, own), 422),
        ):
            found = problem(answer, status)["request_id"]
            header = answer.headers.get("x-request-id")
            if found != header:
                answer.fail("the same id twice", why="id-body", found=found, header=header)
            for sent in own.values():
                if found != sent:
                    answer.fail(f'"request_id": "{sent}"', why="id-own", sent=sent)
            if not wait_until(lambda id_=found: bool(lines(lab, id_)), 3):  # type: ignore[misc]
                answer.fail("a line of the log with this request id", why="id-log")


def lines(lab: Lab, request_id: str) -> list[Json]:
    """Return what the app logged about a request."""
    return [line for line in app(lab).log if line.get("request_id") == request_id]


@check("http-headers")
def headers_of_the_error_are_kept(lab: Lab) -> None:
    answer = app(lab).post(PREDICT, lab.flower())
    problem(answer, 401)
    if "www-authenticate" not in answer.headers:
        answer.fail("401 with WWW-Authenticate", why="www")


@check("bug")
def a_bug_is_told_to_the_operator_alone(lab: Lab) -> None:
    _, secret = words(lab)
    answer = ask(lab, "POST", PREDICT, lab.flower())
    id_ = problem(answer, 500, "bug")["request_id"]
    for inner in (secret, "KeyError", "Traceback"):
        if inner in answer.body.decode("utf-8", "replace"):
            answer.fail("500 without what was raised", why="leak", secret=inner)
    if not wait_until(lambda: any(secret in str(line) for line in lines(lab, id_)), 3):
        answer.fail("a line of the log with this request id and what was raised", why="silent")

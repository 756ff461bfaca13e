"""Chapter 04: two routers, each in a module of its own, both mounted on the app."""

from learn.grading.exchange import Json
from learn.grading.lab import CheckFailed, Lab, check

CURRENT = "current user"
ERRORS = {  # what the OpenAPI document must list for each path
    "/v1/users/me": ["401"],
    "/v1/users/{name}": ["401", "422"],
    "/v1/orders/me": ["401"],
    "/v1/orders/{order_id}": ["401", "422"],
}
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
KEY = "k" * 40


@check("mounted")
def users_are_mounted(lab: Lab) -> None:
    lab.app.get(f"/v1/users/{lab.word()}").expect(200, why="mounted")


@check("names")
def answers_with_the_name(lab: Lab) -> None:
    for name in ("kestrel", lab.word(), lab.word(3).upper(), "27", "you%20and%20me"):
        expected = {"username": name.replace("%20", " ")}
        lab.app.get(f"/v1/users/{name}").expect(200, expected, why="name")


@check("me")
def knows_the_current_user(lab: Lab) -> None:
    lab.app.get("/v1/users/me").expect(200, {"username": CURRENT}, why="me")


@check("orders")
def orders_have_numbers(lab: Lab) -> None:
    number = lab.random.randint(2, 10_000)
    expected = {"order_id": number, "username": CURRENT}
    lab.app.get(f"/v1/orders/{number}").expect(200, expected, why="order")
    own = {"order_id": 1, "username": CURRENT}
    lab.app.get("/v1/orders/me").expect(200, own, why="own-order")
    for value in (lab.word(), "1.5", "0x10"):
        lab.app.get(f"/v1/orders/{value}").expect(422, why="number", value=value)


@check("documented")
def is_documented(lab: Lab) -> None:
    document = lab.app.get("/openapi.json").expect(200, why="document").json
    for path in ERRORS:
        operation = document["paths"].get(path, {}).get("get", {})
        tag = path.split("/")[2]
        if operation.get("tags") != [tag]:
            found = operation.get("tags")
            raise CheckFailed("tag", got=str(found), expected=str([tag]), path=path, found=found)
        content = operation["responses"]["200"].get("content", {})
        if not content.get("application/json", {}).get("schema"):
            raise CheckFailed("schema", path=path)
        if not operation.get("description"):
            raise CheckFailed("description", path=path)
        demand_errors(path, operation["responses"])


def demand_errors(path: str, responses: dict[str, dict[str, Json]]) -> None:
    """Demand that the document has exactly this path's errors, in the shape the app sends."""
    named = sorted(responses.keys() - {"200", "default"})
    problems = [status for status in named if responses[status].get("content") == PROBLEM]
    found = ", ".join(s if s in problems else f"{s} in another shape" for s in named) or "none"
    if problems != named or named != ERRORS[path]:
        right = ", ".join(ERRORS[path])
        raise CheckFailed("errors", got=found, expected=right, path=path, found=found, right=right)


@check("key")
def wants_the_key(lab: Lab) -> None:
    word, number = lab.word(), lab.random.randint(1, 99)
    with lab.serve(api_key=KEY) as locked:
        for path in ERRORS:
            asked = path.replace("{name}", word).replace("{order_id}", str(number))
            locked.get(asked).expect(401, why="key", path=path)
            locked.get(asked, {"X-API-Key": KEY}).expect(200, why="own-key", path=path)

"""How the OpenAPI document describes an error, whatever the route says about it."""

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from app.kit.problems import Problem, document_problems, problems

REFERENCE = {"$ref": "#/components/schemas/Problem"}


class Apology(BaseModel):
    """An answer of another shape."""

    words: str


def document(responses: dict[int | str, dict[str, Any]]) -> dict[str, Any]:
    """Return the OpenAPI document of an app whose only route has these responses."""
    app = FastAPI()
    document_problems(app)

    @app.get("/", responses=responses)
    async def root() -> None:
        pass

    app.openapi()
    return app.openapi()  # again: FastAPI keeps the first document, and returns it again


@pytest.mark.parametrize(
    ("response", "described"),
    [
        ({"description": "x"}, {"schema": REFERENCE}),
        ({"content": {"text/plain": {"example": "x"}}}, {"schema": REFERENCE, "example": "x"}),
        ({"content": {"text/plain": {}, "image/png": {}}}, {"schema": REFERENCE}),
        ({"model": Apology}, {"schema": {"$ref": "#/components/schemas/Apology"}}),
    ],
)
def test_an_error_without_a_schema_has_that_of_a_problem(
    response: dict[str, Any], described: dict[str, Any]
) -> None:
    found = document({404: response})["paths"]["/"]["get"]["responses"]["404"]
    assert found["content"] == {"application/problem+json": described}


def test_any_error_that_a_route_does_not_name_is_a_problem() -> None:
    responses = document({})["paths"]["/"]["get"]["responses"]
    assert responses["default"] == {
        "description": "Any other error",
        "content": {"application/problem+json": {"schema": REFERENCE}},
    }
    assert responses["200"]["content"] == {"application/json": {"schema": {}}}


def test_a_status_that_nobody_registered_can_be_documented() -> None:
    assert problems(499)[499]["description"] == "Bad Request"


def test_the_schema_is_the_one_that_fastapi_would_write() -> None:
    ours, theirs = document(problems(404)), document({404: {"model": Problem}})
    assert ours["components"] == theirs["components"]

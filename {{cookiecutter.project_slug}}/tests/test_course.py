"""What only the course edition has: the routers of the lecture, and unsolved exercises."""

from collections.abc import Sequence

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.serving.answers import Classification
from app.settings import Settings
from app.todo import TodoError
from tests.conftest import LOCAL
from tests.fakes import FLOWER, FakeModel, Flower, opens


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/users/me", {"username": "current user"}),
        ("/v1/users/kestrel", {"username": "kestrel"}),
        ("/v1/users/M%C3%BCller", {"username": "Müller"}),
        ("/v1/orders/me", {"order_id": 1, "username": "current user"}),
        ("/v1/orders/27", {"order_id": 27, "username": "current user"}),
    ],
)
def test_the_lectures_routes(client: TestClient, path: str, body: dict[str, object]) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, body)


def test_an_order_has_a_number(client: TestClient) -> None:
    answer = client.get("/v1/orders/kestrel")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/order_id"


def test_the_lectures_routes_demand_the_key(settings: Settings) -> None:
    locked = settings.model_copy(update={"api_key": Settings(api_key="k" * 32).api_key})
    with TestClient(create_app(locked), base_url=LOCAL) as client:
        for path in ("/v1/users/me", "/v1/users/kestrel", "/v1/orders/me", "/v1/orders/1"):
            assert client.get(path).status_code == 401
        assert client.post("/v1/concurrency/ask", json=FLOWER).status_code == 401


def test_the_model_is_asked_beside_the_event_loop(client: TestClient) -> None:
    answer = client.post("/v1/concurrency/ask", json=FLOWER)
    assert answer.json() == {"short": 0.75, "long": 0.25}
    assert client.post("/v1/concurrency/ask", json=FLOWER | {"extra": 1}).status_code == 422


def test_an_exercise_that_is_not_done_says_which_it_is(settings: Settings) -> None:
    class Unfinished(FakeModel):
        def predict(self, rows: Sequence[Flower]) -> Sequence[Classification]:
            raise TodoError("06", f"ask the model for {len(rows)} answer.")

    app = create_app(settings, open_models=opens(Unfinished()))
    with TestClient(app, base_url=LOCAL) as client:
        answer = client.post("/v1/predict", json=FLOWER)
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "To Do"
    assert answer.json()["detail"] == (
        "Chapter 06: ask the model for 1 answer. Next: uv run learn check 06"
    )

"""The prediction routes, as a client sees them."""

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.main import create_app
from app.predictions.schemas import StoredPrediction
from app.predictions.service import InfiniteValueError, predict_and_store
from app.serving.batching import BatchingModel
from app.settings import Settings
from tests.conftest import LOCAL
from tests.fakes import CARD, FLOWER, ChangedModel, HeldModel, nan_where_long


def test_a_prediction_without_a_record(client: TestClient) -> None:
    assert client.post("/v1/predict", json=FLOWER).json() == {
        "label": "short",
        "probabilities": {"short": 0.75, "long": 0.25},
        "model_version": CARD.version,
        "warnings": [],
    }
    assert client.get("/v1/predictions").json()["items"] == []


def test_a_stored_prediction_is_found_where_it_says(client: TestClient) -> None:
    created = client.post("/v1/predictions", json=FLOWER | {"sepal_length_cm": 7})
    assert created.status_code == 201
    assert created.json()["label"] == "long"
    assert created.headers["Location"] == f"/v1/predictions/{created.json()['id']}"
    found = client.get(created.headers["Location"])
    assert (found.status_code, found.json()) == (200, created.json())
    assert found.json()["features"] == FLOWER | {"sepal_length_cm": 7}


def test_predictions_survive_a_restart(settings: Settings) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        created = client.post("/v1/predictions", json=FLOWER).json()
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        assert client.get("/v1/predictions").json()["items"] == [created]


def test_pages(client: TestClient) -> None:
    made = [client.post("/v1/predictions", json=FLOWER).json()["id"] for _ in range(5)]
    read: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/predictions", params=params).json()
        read += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (read, cursor) == (made[::-1], None)


STORED: dict[str, Any] = {  # by a version with other features, and of a model that is gone
    "label": "setosa",
    "probabilities": {"setosa": 1.0},
    "model_version": "766439b8ef8c",
    "warnings": [],
    "created_at": "2025-01-01T00:00:00Z",
    "features": {"petal_colour": "blue", "petal_length_mm": 14, "scent": None},
}


def store_in(database: Path, *bodies: dict[str, Any]) -> list[str]:
    """Store rows as another version of the service might have done; return their ids."""
    rows = [(str(uuid4()), body) for body in bodies]
    with closing(sqlite3.connect(database)) as connection, connection:
        for name, body in rows:
            text = json.dumps({"id": name} | body)
            connection.execute("INSERT INTO predictions (id, body) VALUES (?, ?)", (name, text))
    return [name for name, _ in rows]


def test_what_was_asked_with_other_features_is_answered_as_it_was_stored(
    client: TestClient, database: Path
) -> None:
    (name,) = store_in(database, STORED)
    (listed,) = client.get("/v1/predictions").json()["items"]
    assert listed == {"id": name} | STORED == client.get(f"/v1/predictions/{name}").json()


def test_a_prediction_can_be_removed_even_if_it_cannot_be_read(
    client: TestClient, database: Path
) -> None:
    made = client.post("/v1/predictions", json=FLOWER).json()["id"]
    for name in [made, *store_in(database, {})]:
        removed = client.delete(f"/v1/predictions/{name}")
        assert (removed.status_code, removed.content) == (204, b"")
        assert client.get(f"/v1/predictions/{name}").status_code == 404
        assert client.delete(f"/v1/predictions/{name}").status_code == 404
    assert client.get("/v1/predictions").json()["items"] == []


def test_one_bad_row_hides_no_other(
    settings: Settings, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        bad = store_in(database, {}, STORED | {"probabilities": {"setosa": None}})
        good = store_in(database, STORED, STORED)
        bad += store_in(database, STORED | {"created_at": "yesterday"})
        found: list[str] = []
        params: dict[str, str] = {"limit": "2"}
        for _ in range(3):  # of five rows, two in each page, whether they can be read or not
            page = client.get("/v1/predictions", params=params).json()
            found += [item["id"] for item in page["items"]]
            params["cursor"] = page["next_cursor"]
        assert found == good[::-1]
        assert params["cursor"] is None
        for name in bad:
            answer = client.get(f"/v1/predictions/{name}")
            assert (answer.status_code, answer.json()["title"]) == (500, "Prediction Unreadable")
    log = capsys.readouterr().err
    assert all(f'"prediction_id":"{name}"' in log for name in bad)


class Gappy(BaseModel):
    """Features that may be missing, and whose rules were forgotten."""

    sepal_length_cm: float | None = None
    petal_width_cm: float = 0.2

    def row(self) -> list[float]:
        """Return the values in the model's order; NaN for a missing one."""
        missing = float("nan") if self.sepal_length_cm is None else self.sepal_length_cm
        return [missing, 1, 1, self.petal_width_cm]


class Worded(Gappy):
    """Features of which the model gets a text, or nothing."""

    grower: str | None = None

    def row(self) -> list[Any]:
        """Return the values in the model's order; for the fake, a text is a number in words."""
        return [1, self.grower, self.grower, self.petal_width_cm]


def predict_with(client: TestClient, features: Any) -> StoredPrediction:  # noqa: ANN401
    """Predict with features of another class than the service's own."""

    async def predict() -> StoredPrediction:
        state = client.app_state
        return await predict_and_store(state["model"], state["predictions"], features, never)

    async def never() -> None:
        await asyncio.Event().wait()

    assert client.portal is not None
    return client.portal.call(predict)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), 1e39])
def test_a_number_that_is_infinite_to_the_model_is_refused_by_name(
    client: TestClient, number: float
) -> None:
    with pytest.raises(InfiniteValueError, match="petal_width_cm is infinite") as raised:
        predict_with(client, Gappy(petal_width_cm=number))
    assert raised.value.status == 422
    assert client.app_state["model"]._model.calls == ["load"]


@pytest.mark.parametrize("grower", ["7", None])
def test_a_value_that_is_no_number_has_no_range(client: TestClient, grower: str | None) -> None:
    made = predict_with(client, Worded(grower=grower, petal_width_cm=9))
    assert [(warning.name, warning.value) for warning in made.warnings] == [("petal_width_cm", 9)]


@pytest.mark.parametrize("sepal", [None, float("nan")])
def test_a_missing_number_is_stored_and_found_again(
    client: TestClient, sepal: float | None
) -> None:
    made = predict_with(client, Gappy(sepal_length_cm=sepal))
    assert made.warnings == []
    (listed,) = client.get("/v1/predictions").json()["items"]
    assert (listed["id"], listed["features"]["sepal_length_cm"]) == (str(made.id), None)


def test_an_unknown_prediction(client: TestClient) -> None:
    answer = client.get(f"/v1/predictions/{uuid4()}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:problem:PredictionNotFound"
    assert answer.json()["detail"] == "No prediction has this id."
    assert client.get("/v1/predictions", params={"cursor": str(uuid4())}).status_code == 404


@pytest.mark.parametrize(("value", "warned"), [(8.0, False), (8.01, True), (0.05, True)])
def test_a_value_that_the_model_never_saw_is_answered_with_a_warning(
    client: TestClient, value: float, warned: bool
) -> None:
    answer = client.post("/v1/predict", json=FLOWER | {"petal_width_cm": value})
    assert answer.status_code == 200
    expected = {
        "name": "petal_width_cm",
        "unit": "cm",
        "value": value,
        "minimum": 0.1,
        "maximum": 8.0,
    }
    assert answer.json()["warnings"] == ([expected] if warned else [])


def test_the_row_that_the_model_fails_at_is_a_500_with_a_name(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ChangedModel(nan_where_long)
    app = create_app(settings, open_model=lambda _: BatchingModel(model, 32, 30, patience=1))
    with TestClient(app, base_url=LOCAL) as client:
        for path in ("/v1/predict", "/v1/predictions"):
            answer = client.post(path, json=FLOWER | {"sepal_length_cm": 7})
            assert (answer.status_code, answer.json()["title"]) == (500, "Bad Model Answer")
            assert answer.json()["type"] == "urn:problem:BadAnswer"
            assert client.post(path, json=FLOWER).is_success
        assert len(client.get("/v1/predictions").json()["items"]) == 1
    assert capsys.readouterr().err.count('"event":"Bad Model Answer"') == 2


def test_a_model_that_hangs_is_a_503_and_not_ready_until_it_returns(settings: Settings) -> None:
    held = HeldModel()
    app = create_app(settings, open_model=lambda _: BatchingModel(held, 32, 0.2, patience=30))
    with TestClient(app, base_url=LOCAL) as client:
        try:
            answer = client.post("/v1/predict", json=FLOWER)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.json()["type"] == "urn:problem:ModelTimeout"
            assert client.get("/health/ready").json()["type"] == "urn:problem:ModelTimeout"
            assert client.get("/health/live").is_success
        finally:
            held.gate.set()
        while not client.get("/health/ready").is_success:
            time.sleep(0.001)
        assert client.post("/v1/predict", json=FLOWER).is_success


def test_the_model_card(client: TestClient) -> None:
    assert client.get("/v1/model").json()["version"] == CARD.version

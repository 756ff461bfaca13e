"""The prediction routes, as a client sees them."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar
from uuid import uuid4

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field, ValidationError, field_validator

from app.kit.start import StartError
from app.main import create_app
from app.predictions.outcomes.schemas import outcome_of
from app.predictions.schemas import schemas_of
from app.predictions.service import predict
from app.serving.answers import Answer, Classification, Regression
from app.serving.artefact import Artefact
from app.serving.card import FeatureCategories, FeatureRange, ModelCard
from app.serving.errors import ClientLeftError
from app.serving.rows import for_each
from app.serving.served import Served
from app.settings import Settings
from tests.conftest import LOCAL
from tests.fakes import CARD, FLOWER, MODELS, ChangedModel, HeldModel, flower, nan_where_long, opens


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
            connection.execute(
                "INSERT INTO predictions (id, model, body) VALUES (?, 'flower', ?)", (name, text)
            )
    return [name for name, _ in rows]


@pytest.mark.parametrize(
    "stored",
    [
        STORED,
        STORED | {"species": "setosa", "probabilities": None},  # an answer of another class
        STORED | {"created_at": "yesterday", "warnings": {"scent": "sweet"}},
        {},
    ],
)
def test_what_another_version_stored_is_answered_as_it_was_stored(
    client: TestClient, database: Path, stored: dict[str, Any]
) -> None:
    made = client.post("/v1/predictions", json=FLOWER).json()
    (name,) = store_in(database, stored)
    expected = {"id": name} | stored | {"outcome": None}
    assert client.get(f"/v1/predictions/{name}").json() == expected
    assert client.get("/v1/predictions").json()["items"] == [expected, made]
    removed = client.delete(f"/v1/predictions/{name}")
    assert (removed.status_code, removed.content) == (204, b"")
    assert client.delete(f"/v1/predictions/{name}").status_code == 404


def test_what_the_document_says_of_a_stored_prediction_holds_for_an_older_one(
    client: TestClient, database: Path
) -> None:
    store_in(database, {})
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    items = schemas["FlowerPredictionPage"]["properties"]["items"]["items"]["anyOf"]
    assert [item["$ref"].split("/")[-1] for item in items] == [
        "StoredFlowerPrediction",
        "OlderPrediction",
    ]
    assert schemas["OlderPrediction"]["required"] == ["id"]
    assert schemas["OlderPrediction"]["additionalProperties"] is True
    page = schemas_of(MODELS[0]).page
    answer = client.get("/v1/predictions").text
    assert page.model_validate_json(answer).model_dump_json(exclude_unset=True) == answer


@pytest.mark.parametrize("column", ["body", "outcome"])
@pytest.mark.parametrize("text", ["x", "{", "[1]", "7", '{"a": NaN}', b"{\xff}"])
def test_a_damaged_row_hides_no_other(
    settings: Settings,
    database: Path,
    capsys: pytest.CaptureFixture[str],
    column: str,
    text: str | bytes,
) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        made = client.post("/v1/predictions", json=FLOWER).json()
        (name,) = store_in(database, {})
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute(
                f"UPDATE predictions SET {column} = CAST(? AS TEXT) WHERE id = ?", (text, name)
            )
        damaged = {"id": name, "outcome": None}
        assert client.get(f"/v1/predictions/{name}").json() == damaged
        assert client.get("/v1/predictions").json()["items"] == [damaged, made]
    assert f'"prediction_id":"{name}"' in capsys.readouterr().err


@pytest.mark.parametrize("probabilities", [None, 5, [["a"]], "abc"])
def test_an_outcome_of_an_answer_of_another_class_is_kept(
    settings: Settings, database: Path, probabilities: object
) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        (name,) = store_in(database, {"probabilities": probabilities})
        url = f"/v1/predictions/{name}/outcome"
        assert client.put(url, json={"label": "a"}).status_code == 422
        assert client.put(url, json={"label": "short"}).json()["outcome"] == {"label": "short"}


class Colour(Enum):
    """A category that is an object in Python."""

    RED = "red"


class Wine(BaseModel):
    """Features that may be missing, and whose rules were forgotten."""

    alcohol: float | None = None
    colour: Colour | str | None
    litres: float = 0.7


class Price(Regression):
    """What a bottle costs."""


WINE = ModelCard(
    name="wine",
    version="111111111111",
    files={},
    trained_at=datetime(2026, 1, 1, tzinfo=UTC),
    features=[
        FeatureRange(name="alcohol", unit="%", minimum=8, maximum=16, missing=0.1),
        FeatureCategories(name="colour", categories=["red", "white"], missing=0),
        FeatureRange(name="litres", minimum=0.2, maximum=1.5),
    ],
)


class Seller:
    """Says what every bottle costs."""

    def __init__(self, _: Artefact) -> None:
        """Need no artefact."""

    def predict(self, rows: Sequence[Wine]) -> Sequence[Price]:
        """Return the price of each bottle."""
        return [Price(value=9.5) for _ in rows]


WINES = (Served("wine", Wine, Price, Seller, WINE),)
BOTH = (*MODELS, *WINES)


@pytest.fixture
def seller(settings: Settings) -> Iterator[TestClient]:
    wines = settings.model_copy(update={"models": f"{__name__}:WINES"})
    with TestClient(create_app(wines), base_url=LOCAL) as client:
        yield client


def send(client: TestClient, text: str) -> httpx2.Response:
    """Ask the model with this as JSON, whatever it is."""
    return client.post("/v1/predict", content=text, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("number", ["1e39", "-1e39"])
def test_a_number_that_is_infinite_to_the_model_is_refused_by_name(
    seller: TestClient, number: str
) -> None:
    answer = send(seller, '{"colour": "red", "litres": 1}'.replace("1", number))
    assert (answer.status_code, answer.json()["title"]) == (422, "Infinite Value")
    assert answer.json()["detail"].startswith("litres is infinite")


class Place(BaseModel):
    """A feature that is a model itself, and has some of its kind in it."""

    metres: float = 0
    near: "list[Place]" = []


class Bottle(BaseModel):
    """Features of which neither their own rules nor the card say anything."""

    age: float | None = None
    gap: float = Field(0, allow_inf_nan=True)
    prices: list[float] = []
    origin: Place = Field(Place(), alias="from")
    more: dict[str, Any] = {}


BOTTLES = (
    Served("bottle", Bottle, Price, Seller, WINE.model_copy(update={"features": []})),  # type: ignore[arg-type]
)


@pytest.fixture
def cellar(settings: Settings) -> Iterator[TestClient]:
    bottles = settings.model_copy(update={"models": f"{__name__}:BOTTLES"})
    with TestClient(create_app(bottles), base_url=LOCAL) as client:
        yield client


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        ('{"age": @}', "/age"),
        ('{"prices": [1, @]}', "/prices/1"),
        ('{"from": {"metres": @}}', "/from/metres"),
        ('{"from": {"near": [{"metres": @}]}}', "/from/near/0/metres"),
    ],
)
def test_no_feature_is_infinite_whether_or_not_its_rules_and_the_card_say_so(
    cellar: TestClient, row: str, pointer: str, number: str
) -> None:
    text = row.replace("@", number)
    for body, place in ((text, pointer), ("[{}, " + text + "]", f"/1{pointer}")):
        answer = send(cellar, body)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["rule"]) == (place, "finite_number")


def test_a_field_may_allow_nan(cellar: TestClient) -> None:
    assert send(cellar, '{"gap": NaN}').is_success


@pytest.mark.parametrize("value", ["NaN", "1e999", "-Infinity"])
@pytest.mark.parametrize("row", ['{"gap": @}', '{"more": {"a": [@]}}'])
def test_what_no_json_could_hold_is_not_stored(cellar: TestClient, row: str, value: str) -> None:
    body = row.replace("@", value)
    answer = cellar.post(
        "/v1/predictions", content=body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["title"]) == (422, "Unreadable Features")
    assert cellar.get("/v1/predictions").json()["items"] == []


def test_features_of_the_greatest_depth_that_is_stored_are_read_again(cellar: TestClient) -> None:
    for depth, status in ((190, 201), (199, 422), (250, 422)):
        body = '{"more": {"a": @}}'.replace("@", "[" * depth + "]" * depth)
        assert (
            cellar.post(
                "/v1/predictions", content=body, headers={"Content-Type": "application/json"}
            ).status_code
            == status
        )
    (item,) = cellar.get("/v1/predictions").json()["items"]
    assert item["features"]["more"]["a"]


class Words(Answer):
    """An answer whose word may be anything."""

    word: Any


class Ends(Answer):
    """An answer whose class ends the process where it can, as a careless one might."""

    word: str

    @field_validator("word")
    @classmethod
    def check_word(cls, word: str) -> str:
        """Refuse a word in the worst way."""
        if word == "exit":
            raise SystemExit
        return word


class Ender:
    """Answers with such a word if it is asked to."""

    def __init__(self, _: Artefact) -> None:
        """Need no artefact."""

    def predict(self, rows: Sequence[Bottle]) -> Sequence[Ends]:
        """Return the words, unchecked."""
        return [Ends.model_construct(word=row.more.get("say", "hello")) for row in rows]


ENDERS = (Served("ender", Bottle, Ends, Ender, WINE.model_copy(update={"features": []})),)


@pytest.mark.parametrize("many", [False, True], ids=["a row", "rows"])
def test_an_answer_whose_class_exits_ends_its_request_alone(settings: Settings, many: bool) -> None:
    bad: dict[str, Any] = {"more": {"say": "exit"}}
    ending = settings.model_copy(update={"models": f"{__name__}:ENDERS"})
    with TestClient(create_app(ending), base_url=LOCAL) as client:
        assert client.post("/v1/predict", json=[{}, bad] if many else bad).status_code == 500
        assert client.post("/v1/predict", json=[{}, {}]).is_success
        assert client.get("/health/ready").is_success


class Speaker:
    """Answers with whatever it was asked."""

    def __init__(self, _: Artefact) -> None:
        """Need no artefact."""

    def predict(self, rows: Sequence[Bottle]) -> Sequence[Words]:
        """Return the word of each row, which Python can hold, and JSON perhaps not."""
        said = {"depth": nested(230), "digits": 10**5_000, "nan": float("nan")}
        return [Words(word=said.get(row.more.get("say", ""), "hello")) for row in rows]


def nested(depth: int) -> list[Any]:
    """Return lists in lists."""
    return [nested(depth - 1)] if depth else []


SPEAKERS = (Served("speaker", Bottle, Words, Speaker, WINE.model_copy(update={"features": []})),)


@pytest.mark.parametrize("word", ["depth", "digits", "nan"])
def test_an_answer_that_could_not_be_read_again_is_not_stored(
    settings: Settings, word: str
) -> None:
    speaking = settings.model_copy(update={"models": f"{__name__}:SPEAKERS"})
    with TestClient(create_app(speaking), base_url=LOCAL) as client:
        answer = client.post("/v1/predictions", json={"more": {"say": word}})
        assert (answer.status_code, answer.json()["title"]) == (500, "Bad Model Answer")
        assert "that cannot be stored" in answer.json()["detail"]
        assert client.get("/v1/predictions").json()["items"] == []
        assert client.post("/v1/predictions", json={}).status_code == 201


@pytest.mark.parametrize(
    ("question", "warnings"),
    [
        ({"colour": "red", "alcohol": None}, []),
        ({"colour": "red", "alcohol": 8}, []),
        ({"colour": "blue"}, [{"name": "colour", "value": "blue"}]),
        ({"colour": None}, [{"name": "colour", "value": None}]),
        (
            {"colour": "white", "alcohol": 40},
            [{"name": "alcohol", "unit": "%", "minimum": 8.0, "maximum": 16.0, "value": 40.0}],
        ),
        (
            {"colour": "white", "litres": 3},
            [{"name": "litres", "unit": None, "minimum": 0.2, "maximum": 1.5, "value": 3.0}],
        ),
    ],
)
def test_what_training_never_saw_is_warned_of(
    seller: TestClient, question: dict[str, Any], warnings: list[dict[str, Any]]
) -> None:
    answer = seller.post("/v1/predict", json=question).json()
    assert answer == {"value": 9.5, "model_version": "111111111111", "warnings": warnings}


def test_a_missing_number_is_stored_and_found_again(seller: TestClient) -> None:
    made = seller.post("/v1/predictions", json={"colour": "red"}).json()
    assert made["features"] == {"alcohol": None, "colour": "red", "litres": 0.7}
    assert seller.get("/v1/predictions").json()["items"] == [made]


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
    app = create_app(settings, open_models=opens(model))
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
    app = create_app(settings, open_models=opens(held, seconds=0.2, patience=30))
    with TestClient(app, base_url=LOCAL) as client:
        try:
            answer = client.post("/v1/predict", json=FLOWER)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.json()["type"] == "urn:problem:ModelTimeout"
            # the batch hangs, or what is asked after it does
            why = {"urn:problem:ModelTimeout", "urn:problem:ModelNotReady"}
            assert client.get("/health/ready").json()["type"] in why
            assert client.get("/health/live").is_success
        finally:
            held.gate.set()
        while not client.get("/health/ready").is_success:
            time.sleep(0.001)
        # on a busy machine, 0.2 s can be too little once
        while not client.post("/v1/predict", json=FLOWER).is_success:
            time.sleep(0.001)


def test_the_model_card(client: TestClient) -> None:
    assert client.get("/v1/model").json()["version"] == CARD.version


def test_each_model_has_routes_of_its_own(settings: Settings) -> None:
    both = settings.model_copy(update={"models": f"{__name__}:BOTH"})
    with TestClient(create_app(both), base_url=LOCAL) as client:
        names = [card["name"] for card in client.get("/v1/models").json()]
        assert names == ["flower", "wine"]
        assert client.get("/v1/models/wine").json()["version"] == WINE.version
        assert client.get("/v1/model").json()["version"] == CARD.version
        unknown = client.get("/v1/models/beer")
        assert (unknown.status_code, unknown.json()["title"]) == (404, "Model Not Found")
        first = client.post("/v1/predictions", json=FLOWER)
        bottle = client.post("/v1/models/wine/predictions", json={"colour": "red"})
        assert (first.status_code, bottle.status_code) == (201, 201)
        assert client.post("/v1/models/wine/predict", json=FLOWER | {"litres": "?"}).is_error
        own = bottle.headers["Location"]
        assert own == f"/v1/models/wine/predictions/{bottle.json()['id']}"
        assert client.get(own).json() == bottle.json()
        assert client.get(f"/v1/predictions/{bottle.json()['id']}").status_code == 404
        assert client.get("/v1/models/flower/predictions").json()["items"] == [first.json()]
        assert client.get("/v1/models/wine/predictions").json()["items"] == [bottle.json()]


def test_the_document_names_what_each_model_takes_and_answers(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"models": f"{__name__}:BOTH"}))
    document = app.openapi()
    post = document["paths"]["/v1/models/wine/predict"]["post"]
    assert post["operationId"] == "predict_wine"
    taken = post["requestBody"]["content"]["application/json"]["schema"]
    answered = post["responses"]["200"]["content"]["application/json"]["schema"]
    schemas = "#/components/schemas/"
    for schema, name in ((taken, "Wine"), (answered, "WinePrediction")):
        one, many = schema["anyOf"]
        assert one == many["items"] == {"$ref": f"{schemas}{name}"}
    assert document["paths"]["/v1/predict"]["post"]["operationId"] == "predict"


# a list of rows

LONG_FLOWER = FLOWER | {"sepal_length_cm": 7}


def test_a_list_of_rows_is_answered_in_its_order(client: TestClient) -> None:
    answers = client.post("/v1/predict", json=[FLOWER, LONG_FLOWER, FLOWER]).json()
    assert [answer["label"] for answer in answers] == ["short", "long", "short"]
    assert answers[0] == client.post("/v1/predict", json=FLOWER).json()
    kept = client.post("/v1/predictions", json=[FLOWER, LONG_FLOWER])
    assert (kept.status_code, "Location" in kept.headers) == (201, False)
    assert [one["label"] for one in kept.json()] == ["short", "long"]
    listed = client.get("/v1/predictions").json()["items"]
    assert sorted(listed, key=str) == sorted(kept.json(), key=str)


def test_rows_that_come_together_go_to_the_model_together(settings: Settings) -> None:
    held = HeldModel()
    held.gate.set()
    with TestClient(create_app(settings, open_models=opens(held)), base_url=LOCAL) as client:
        assert len(client.post("/v1/predict", json=[FLOWER] * 40).json()) == 40
    assert [len(rows) for rows in held.asked] == [32, 8]


@pytest.mark.parametrize(
    ("rows", "pointer", "rule"),
    [
        ([], "", "too_short"),
        ([FLOWER] * 257, "", "too_long"),
        ([FLOWER, FLOWER | {"petal_width_cm": 99}], "/1/petal_width_cm", "less_than_equal"),
        ([FLOWER, None], "/1", "model_type"),
        ([[FLOWER]], "/0", "model_type"),
    ],
)
def test_a_wrong_row_of_a_list_is_named(
    client: TestClient, rows: list[Any], pointer: str, rule: str
) -> None:
    answer = client.post("/v1/predict", json=rows)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["rule"]) == (pointer, rule)


def key_error_where_long(answers: Sequence[Classification]) -> list[Classification]:
    """Return the answers, or raise an error if one is long."""
    return [{"short": answer}[answer.label] for answer in answers]


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predictions"])
@pytest.mark.parametrize(
    ("change", "title", "why"),
    [
        (nan_where_long, "Bad Model Answer", "The model gave nan "),
        (key_error_where_long, "Model Failed", "The model failed; "),
    ],
)
def test_the_row_of_a_list_that_the_model_fails_at_is_named(
    settings: Settings, path: str, change: Callable[..., Any], title: str, why: str
) -> None:
    app = create_app(settings, open_models=opens(ChangedModel(change)))
    with TestClient(app, base_url=LOCAL) as client:
        answer = client.post(path, json=[FLOWER, LONG_FLOWER, FLOWER])
        assert (answer.status_code, answer.json()["title"]) == (500, title)
        assert answer.json()["detail"].startswith(f"Row 1: {why}")
        alone = client.post(path, json=LONG_FLOWER)
        assert alone.json()["detail"].startswith(why)


def test_the_rows_of_a_client_that_left_are_not_predicted(settings: Settings) -> None:
    async def leave() -> None:
        await left.wait()

    async def ask() -> None:
        model = client.app_state["models"].first
        asked = asyncio.create_task(for_each(partial(predict, model), [flower(5)] * 3, leave))
        assert await asyncio.to_thread(held.started.acquire, timeout=30)
        waiting = asyncio.create_task(for_each(partial(predict, model), [flower(6)] * 3, leave))
        await asyncio.sleep(0.05)
        left.set()
        with pytest.raises(ClientLeftError):
            await waiting
        held.gate.set()
        assert await asked == [await predict(model, flower(5), leave)] * 3

    left, held = asyncio.Event(), HeldModel()
    with TestClient(create_app(settings, open_models=opens(held)), base_url=LOCAL) as client:
        assert client.portal is not None
        client.portal.call(ask)
    assert held.asked == [[5, 5, 5], [5]]  # the last one was asked afterwards


def test_predictions_are_removed_once_they_are_too_old(settings: Settings, database: Path) -> None:
    update = {"prediction_retention_seconds": 100, "task_poll_seconds": 0.05}
    app = create_app(settings.model_copy(update=update))
    with TestClient(app, base_url=LOCAL) as client:
        client.post("/v1/predictions", json=[FLOWER] * 3)
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE predictions SET created_at = created_at - 200")
        made = client.post("/v1/predictions", json=FLOWER).json()
        deadline = time.monotonic() + 30
        while len(items := client.get("/v1/predictions").json()["items"]) > 1:
            assert time.monotonic() < deadline
        assert items == [made]


# what turned out to be true


def test_an_outcome_is_kept_and_can_be_corrected(client: TestClient) -> None:
    made = client.post("/v1/predictions", json=FLOWER).json()
    assert made["outcome"] is None
    path = f"/v1/predictions/{made['id']}"
    for label in ("short", "long", "long", None):
        kept = client.put(f"{path}/outcome", json={"label": label})
        assert (kept.status_code, kept.json()) == (200, made | {"outcome": {"label": label}})
        assert client.get(path).json() == kept.json()
        assert client.get("/v1/predictions").json()["items"] == [kept.json()]
    assert client.put(f"/v1/models/flower{path[3:]}/outcome", json={"label": "long"}).is_success


@pytest.mark.parametrize(
    ("outcome", "pointer"),
    [
        ({}, "/label"),
        ({"label": 5}, "/label"),
        ({"label": "long", "probabilities": {}}, "/probabilities"),
        ("long", ""),
    ],
)
def test_an_outcome_that_is_none_is_refused(
    client: TestClient, outcome: object, pointer: str
) -> None:
    made = client.post("/v1/predictions", json=FLOWER).json()["id"]
    refused = client.put(f"/v1/predictions/{made}/outcome", json=outcome)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


def test_a_label_that_no_version_knows_is_refused(client: TestClient, database: Path) -> None:
    old, damaged = store_in(database, STORED, {})
    for label, accepted in (("setosa", True), ("short", True), ("shrot", False)):
        answer = client.put(f"/v1/predictions/{old}/outcome", json={"label": label})
        assert answer.is_success == accepted
    assert answer.json()["type"] == "urn:problem:BadOutcome"
    assert answer.json()["detail"].startswith("The model knows long, setosa, short.")
    assert client.put(f"/v1/predictions/{damaged}/outcome", json={"label": "long"}).is_success


def test_the_outcome_of_a_prediction_that_is_not_there(client: TestClient) -> None:
    answer = client.put(f"/v1/predictions/{uuid4()}/outcome", json={"label": "long"})
    assert (answer.status_code, answer.json()["title"]) == (404, "Prediction Not Found")


def test_the_outcome_of_a_number_is_one(seller: TestClient) -> None:
    made = seller.post("/v1/predictions", json={"colour": "red"}).json()["id"]
    path = f"/v1/predictions/{made}/outcome"
    assert seller.put(path, json={"value": 8}).json()["outcome"] == {"value": 8.0}
    for wrong in ("NaN", "1e999", '"cheap"', "null"):
        content, json_type = (
            '{"value": %}'.replace("%", wrong),
            {"Content-Type": "application/json"},
        )
        assert seller.put(path, content=content, headers=json_type).status_code == 422


class Cellar(Answer):
    """An answer of one's own, with a field that was renamed since."""

    shelf: Annotated[int, Field(ge=1)]
    note: str = "cool"


class Named(Cellar):
    """One that says what an outcome is compared with."""

    outcome_field: ClassVar[str | None] = "shelf"


def test_the_outcome_of_an_answer_of_ones_own_is_some_of_its_fields() -> None:
    cellar, named = outcome_of("Cellar", Cellar), outcome_of("Named", Named)
    good: dict[str, Any]
    for good in ({"shelf": 2}, {"note": "warm", "shelf": 1}, {"note": None}):
        assert cellar.model_validate(good).model_dump(exclude_unset=True) == good
    assert named.model_validate({"shelf": 3}).model_dump() == {"shelf": 3}
    for kind, bad in (
        (cellar, [{}, {"shelf": 0}, {"rack": 1}]),
        (named, [{}, {"shelf": None}, {"note": "warm"}]),
    ):
        for outcome in bad:
            with pytest.raises(ValidationError):
                kind.model_validate(outcome)


def test_an_answer_that_is_compared_by_a_field_it_does_not_have_is_refused() -> None:
    class Lost(Cellar):
        outcome_field = "rack"

    with pytest.raises(StartError, match="Lost has no field rack"):
        Served("cellar", Wine, Lost, Seller, WINE)  # type: ignore[arg-type]

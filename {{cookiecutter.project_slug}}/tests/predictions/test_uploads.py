"""A form with files, for a model that has a feature of bytes: derived from its features alone."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Literal

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import Base64Bytes, Base64UrlBytes, BaseModel, ConfigDict, Field, SecretStr

from app.kit.forms import encoders_of
from app.main import create_app
from app.serving.answers import Answer
from app.serving.card import ModelCard
from app.serving.served import Served
from app.settings import Settings
from tests.conftest import LOCAL
from tests.fakes import Flower
from tests.test_errors import assert_problem

MODELS = "tests.predictions.test_uploads:SERVED"  # tests/test_docs.py asks for its routes as well
UPLOADS = ("/v1/predict/upload", "/v1/predictions/upload")
KEY = "k" * 32


class Paper(Enum):
    """A category that the OpenAPI document has a schema of its own for."""

    PLAIN = "plain"
    LINED = "lined"


class Letter(BaseModel):
    """Two files and what is known of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: Annotated[Base64Bytes, Field(max_length=100)] = Field(examples=["eA=="])
    back: Base64UrlBytes | None = Field(None, alias="backSide")
    grams: Annotated[float, Field(strict=True, gt=0)] = Field(examples=[20.5])
    pages: Literal[1, 2] | None = None
    sent: date | None = None
    paper: Paper = Paper.PLAIN


class Told(Answer):
    """What the model was asked."""

    asked: str


class Echo:
    """A model that answers what it was asked."""

    def predict(self, rows: Sequence[Letter]) -> list[Told]:
        """Return an answer for each letter."""
        return [Told(asked=repr(row)) for row in rows]


CARD = ModelCard(
    name="letter", version="000000000000", files={}, trained_at=datetime(2026, 1, 1, tzinfo=UTC)
)
SERVED = (Served("letter", Letter, Told, lambda _: Echo(), CARD),)
WHOLE = {"page": b"\xff\0a", "backSide": b"\xfe"}
FIELDS = {"grams": "20.5", "pages": "2", "sent": "2026-11-28", "paper": "lined"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"models": MODELS, "max_body_bytes": 4096})


def send(
    client: TestClient,
    path: str = UPLOADS[0],
    files: Mapping[str, bytes] = WHOLE,
    fields: Mapping[str, str] = FIELDS,
) -> httpx2.Response:
    """Send a form with these files and fields."""
    named = {name: ("any.name", content) for name, content in files.items()}
    return client.post(path, files=named, data=fields)


def test_a_form_is_asked_as_json_is(client: TestClient) -> None:
    as_json = {name: b64encode(content).decode() for name, content in WHOLE.items()}
    expected = client.post(
        "/v1/predict",
        json=as_json | {"grams": 20.5, "pages": 2, "sent": "2026-11-28", "paper": "lined"},
    )
    found = send(client)
    assert (found.status_code, expected.status_code) == (200, 200), found.text
    assert found.json() == expected.json()
    assert "b'\\xff\\x00a'" in found.json()["asked"]
    assert "pages=2" in found.json()["asked"]


def test_what_may_be_missing_may_be_missing(client: TestClient) -> None:
    least = send(client, files={"page": b"x"}, fields={"grams": "3", "sent": ""})
    assert least.status_code == 200, least.text
    assert least.json()["asked"].startswith("Letter(page=b'x', back=None, grams=3.0, pages=None")


def test_it_can_be_kept(client: TestClient) -> None:
    kept = send(client, UPLOADS[1])
    assert kept.status_code == 201
    assert kept.json()["features"]["page"] == b64encode(WHOLE["page"]).decode()
    assert client.get(kept.headers["Location"]).json() == kept.json()
    assert client.get("/v1/predictions").json()["items"] == [kept.json()]
    of_its_name = send(client, "/v1/models/letter/predictions/upload")
    assert of_its_name.headers["Location"].startswith("/v1/models/letter/predictions/")


@pytest.mark.parametrize(
    ("files", "fields", "pointer"),
    [
        ({}, {"grams": "1"}, "/page"),
        ({}, {"page": "a text", "grams": "1"}, "/page"),
        ({"page": b"x"}, {}, "/grams"),
        ({"page": b"x"}, {"grams": "0"}, "/grams"),
        ({"page": b"x"}, {"grams": "1", "pages": "3"}, "/pages"),
        ({"page": b"x" * 101}, {"grams": "1"}, "/page"),
        ({"page": b"x"}, {"grams": "1", "unknown": "1"}, "/unknown"),
        ({"page": b"x", "unknown": b"x"}, {"grams": "1"}, "/unknown"),
        ({"page": b"x", "back": b"x"}, {"grams": "1"}, "/back"),  # its name is backSide
    ],
)
@pytest.mark.parametrize("path", UPLOADS)
def test_what_breaks_a_rule_is_named(
    client: TestClient, path: str, files: dict[str, bytes], fields: dict[str, str], pointer: str
) -> None:
    errors = assert_problem(send(client, path, files, fields), 422)["errors"]
    assert {error["pointer"] for error in errors} == {pointer}
    assert {error["location"] for error in errors} == {"body"}


@pytest.mark.parametrize("path", UPLOADS)
def test_a_form_has_the_limit_of_every_body_and_the_key(path: str, settings: Settings) -> None:
    locked = settings.model_copy(update={"api_key": SecretStr(KEY)})
    with TestClient(create_app(locked), base_url=LOCAL) as client:
        assert_problem(send(client, path), 401)
        client.headers["X-API-Key"] = KEY
        assert send(client, path).is_success
        assert_problem(send(client, path, {"page": bytes(4096)}), 413)
        broken = {"Content-Type": "multipart/form-data; boundary=x"}
        assert_problem(client.post(path, content=b"--y\r\n", headers=broken), 400)


def test_the_document_describes_the_form(settings: Settings) -> None:
    document = create_app(settings).openapi()
    for path in UPLOADS:
        operation = document["paths"][path]["post"]
        assert {"400", "401", "413", "422", "503"} <= operation["responses"].keys()
        content = operation["requestBody"]["content"]
        assert content == {"multipart/form-data": {"schema": {"$ref": reference("LetterForm")}}}
    form = document["components"]["schemas"]["LetterForm"]
    assert sorted(form["required"]) == ["grams", "page"]
    properties = form["properties"]
    assert properties["page"]["format"] == properties["backSide"]["format"] == "binary"
    assert (properties["grams"]["type"], properties["grams"]["exclusiveMinimum"]) == ("number", 0)
    assert properties["paper"]["$ref"] == reference("Paper")
    names = [found["operationId"] for path in document["paths"].values() for found in path.values()]
    assert {"predict_upload", "create_prediction_upload_letter"} <= set(names)
    assert len(names) == len(set(names))


def reference(name: str) -> str:
    """Return how the document points to a schema."""
    return f"#/components/schemas/{name}"


def test_a_model_without_files_has_no_such_route(settings: Settings) -> None:
    flowers = settings.model_copy(update={"models": "tests.fakes:MODELS"})
    assert not encoders_of(Flower)
    assert not [path for path in create_app(flowers).openapi()["paths"] if "upload" in path]

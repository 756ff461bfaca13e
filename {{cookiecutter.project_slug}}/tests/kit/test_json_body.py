"""What of a body is JSON: that which can be read again once it is stored."""

import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from app.errors import install_error_handlers
from app.kit.mount import mount

JSON = {"Content-Type": "application/json"}
router = APIRouter()


@router.post("/echo")
async def echo(value: dict[str, Any]) -> dict[str, Any]:
    """Return what was sent."""
    return value


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    install_error_handlers(app)
    mount(app, router)
    return TestClient(app)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": [1, 2.5, null, true, "\xc3\xbc \\ud83d\\ude00", {}]}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": ' + b"[" * 190 + b"]" * 190 + b"}",
        b'{"a": ' + b"9" * 4_000 + b"}",
    ],
    ids=["of everything", "byte-order mark", "deep", "long number"],
)
def test_json_is_read(client: TestClient, body: bytes) -> None:
    answer = client.post("/echo", content=body, headers=JSON)
    assert answer.status_code == 200
    assert answer.json()["a"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"a": "\\ud800"}', "/13"),
        (b'{"\\udc00": 1}', "/7"),
        (b'{"a": "\xff"}', "/[78]"),  # as the version of the parser counts
        (b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", "/206"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "/4307"),
        ('{"a": 1}'.encode("utf-16"), "/0"),
        (b'{"a": 1', "/6"),
        (b"{", "/0"),
    ],
    ids=["surrogate", "name", "no UTF-8", "too deep", "too long", "UTF-16", "cut off", "begun"],
)
def test_what_could_not_be_read_again_is_refused(
    client: TestClient, body: bytes, pointer: str
) -> None:
    answer = client.post("/echo", content=body, headers=JSON)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["rule"], error["location"]) == ("json_invalid", "body")
    assert re.fullmatch(pointer, error["pointer"])

"""Who calls is checked before what was sent is read; a fault of ours is not called the client's."""

import asyncio
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, UploadFile
from fastapi.security import HTTPBasic
from fastapi.testclient import TestClient
from starlette import datastructures

from app.kit.mount import mount
from app.kit.routes import FORM_LIMITS
from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL

UPLOAD = "/v1/tasks/batch-prediction"


def guarded() -> FastAPI:
    """Return an app with one route, which takes a form and demands a password."""
    router = APIRouter(dependencies=[Depends(HTTPBasic())])

    @router.post("/files")
    async def keep(file: UploadFile) -> int:
        return file.size or 0

    app = FastAPI()
    mount(app, router)
    return app


def test_a_stranger_is_refused_before_the_body_is_read() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("the body was read")

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/files",
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
    }
    asyncio.run(guarded()(scope, receive, send))
    assert sent[0]["status"] == 401


def test_whoever_is_known_is_served_and_the_document_says_how() -> None:
    app = guarded()
    answer = TestClient(app).post("/files", files={"file": b"four"}, auth=("me", "secret"))
    assert answer.json() == 4
    assert app.openapi()["paths"]["/files"]["post"]["security"] == [{"HTTPBasic": []}]


@pytest.mark.parametrize(
    "form",
    [
        {"data": {f"field{n}": "" for n in range(FORM_LIMITS["max_fields"] + 1)}},
        {"files": {f"file{n}": b"" for n in range(FORM_LIMITS["max_files"] + 1)}},
        {"data": {"file": "x" * (FORM_LIMITS["max_part_size"] + 1)}},
    ],
    ids=["fields", "files", "size"],
)
def test_every_form_has_limits_of_which_its_route_says_nothing(form: dict[str, Any]) -> None:
    form.setdefault("files", {"other": b""})  # else it would not be sent in parts
    answer = TestClient(guarded()).post("/files", auth=("me", "secret"), **form)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (OSError(28, "No space left on device"), 503),
        (MemoryError(), 503),
        (RuntimeError("can't start new thread"), 503),
        (RecursionError(), 400),
        (ValueError(), 400),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fault_of_ours_is_a_503_with_its_cause_in_the_log(
    fault: Exception,
    status: int,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(datastructures.UploadFile, "write", fail)
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        answer = client.post(UPLOAD, files={"file": b"a,b"})
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert ("A body could not be read" in capsys.readouterr().err) is (status == 503)


def test_an_error_of_a_route_is_its_own() -> None:
    app = FastAPI()
    router = APIRouter()

    @router.post("/files")
    async def keep(file: UploadFile) -> None:
        raise HTTPException(400, f"{file.filename} is not here") from FileNotFoundError()

    mount(app, router)
    answer = TestClient(app).post("/files", files={"file": ("a", b"")})
    assert (answer.status_code, answer.json()["detail"]) == (400, "a is not here")


def test_an_upload_without_a_temporary_folder(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    answer = client.post(UPLOAD, files={"file": b"x" * 2**21})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_the_start_says_that_there_is_no_temporary_folder(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create_app(settings)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    create_app(settings)
    assert "'/nowhere'" in capsys.readouterr().err

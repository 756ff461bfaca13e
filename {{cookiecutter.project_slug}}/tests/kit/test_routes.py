"""Who calls is checked before what was sent is read; a fault of ours is not called the client's."""

import asyncio
import tempfile
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, UploadFile
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from fastapi.security.base import SecurityBase
from fastapi.testclient import TestClient
from starlette import datastructures

from app.kit.mount import mount
from app.kit.routes import FORM_LIMITS
from app.main import create_app
from app.settings import Settings
from tests.conftest import LOCAL
from tests.fakes import HEADER, csv_row
from tests.test_errors import assert_problem

UPLOAD = "/v1/tasks/batch-prediction"


class Counted(HTTPBasic):
    """A scheme that counts how often it is called."""

    calls = 0

    async def __call__(  # type: ignore[override]
        self, request: HTTPConnection
    ) -> HTTPBasicCredentials | None:
        self.calls += 1
        return await super().__call__(request)


class Blocking(SecurityBase):
    """A scheme of a project's own that is not `async`."""

    def __init__(self) -> None:
        self.model, self.scheme_name = HTTPBasic().model, "HTTPBasic"

    def __call__(self, request: Request) -> HTTPBasicCredentials:
        if "Authorization" not in request.headers:
            raise HTTPException(401)
        return HTTPBasicCredentials(username="me", password="")


scheme, blocking = Counted(scheme_name="HTTPBasic"), Blocking()
Caller = Annotated[HTTPBasicCredentials, Depends(scheme)]


async def find_user(caller: Caller) -> str:
    """Return the caller's name: a dependency that asks for a scheme."""
    return caller.username


async def take_nothing(file: UploadFile) -> str:
    return f"{file.size}"


async def take_value(file: UploadFile, caller: Caller) -> str:
    return f"{file.size} {caller.username}"


async def take_user(file: UploadFile, user: Annotated[str, Depends(find_user)]) -> str:
    return f"{file.size} {user}"


async def take_all(
    file: UploadFile, user: Annotated[str, Depends(find_user)], again: Caller
) -> str:
    return f"{file.size} {user} {again.username}"


async def take_blocking(
    file: UploadFile, caller: Annotated[HTTPBasicCredentials, Depends(blocking)]
) -> str:
    return f"{file.size} {caller.username}"


ENDPOINTS = {
    take_nothing: "4",
    take_value: "4 me",
    take_user: "4 me",
    take_all: "4 me me",
    take_blocking: "4 me",
}
every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.__name__)


def guarded(endpoint: Callable[..., object] = take_nothing) -> FastAPI:
    """Return an app with one route, which takes a form and demands a password."""
    dependencies = [Depends(scheme)] if endpoint is take_nothing else []
    router = APIRouter(dependencies=dependencies)
    router.post("/files")(endpoint)
    app = FastAPI()
    mount(app, router)
    return app


@every_endpoint
def test_a_stranger_is_refused_before_the_body_is_read(endpoint: Callable[..., object]) -> None:
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
    asyncio.run(guarded(endpoint)(scope, receive, send))
    assert sent[0]["status"] == 401


@every_endpoint
def test_whoever_is_known_is_served_and_the_document_says_how(
    endpoint: Callable[..., object],
) -> None:
    app = guarded(endpoint)
    scheme.calls = 0
    answer = TestClient(app).post("/files", files={"file": b"four"}, auth=("me", "secret"))
    assert answer.json() == ENDPOINTS[endpoint]
    assert scheme.calls == (0 if endpoint is take_blocking else 1)
    assert app.openapi()["paths"]["/files"]["post"]["security"] == [{"HTTPBasic": []}]


def test_a_scheme_or_what_asks_for_it_can_be_overridden() -> None:
    app = guarded(take_all)
    app.dependency_overrides[scheme] = lambda: HTTPBasicCredentials(username="a", password="")
    assert TestClient(app).post("/files", files={"file": b"four"}).json() == "4 a a"
    app = guarded(take_user)
    app.dependency_overrides[find_user] = lambda: "b"
    assert TestClient(app).post("/files", files={"file": b"four"}).json() == "4 b"


def test_a_scheme_may_take_more_than_the_request() -> None:
    class Asking(HTTPBasic):
        """A scheme that depends on something else."""

        async def __call__(  # type: ignore[override]
            self, request: Request, user: Annotated[str, Depends(find_user)]
        ) -> str:
            return f"{user} by {request.method}"

    async def take(file: UploadFile, user: Annotated[str, Depends(Asking())]) -> str:
        return f"{file.size} {user}"

    client = TestClient(guarded(take))
    assert client.post("/files", files={"file": b"four"}, auth=("me", "")).json() == "4 me by POST"
    assert client.post("/files", files={"file": b"four"}).status_code == 401


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


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), MemoryError()])
def test_an_upload_that_cannot_be_cut_up_is_a_503(
    fault: Exception, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("app.tasks.kinds.batch_prediction.zlib.compress", fail)
    answer = client.post(UPLOAD, files={"file": f"{HEADER}\n{csv_row()}\n".encode()})
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "1"


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

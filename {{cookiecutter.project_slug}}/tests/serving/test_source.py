"""Models that come from elsewhere: an archive behind a real web server on this machine."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.serving.artefact import current_version
from app.serving.settings import ModelSettings
from app.serving.source import fetch_models, pack_models
from tests.conftest import serve
from tests.fakes import FLOWER
from tests.graphs import constant, write_flower


class Web(ThreadingHTTPServer):
    """Serves the files of a folder, and counts what is asked."""

    daemon_threads = False  # closing it waits for them

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Quiet, directory=folder))
        self.address = f"http://127.0.0.1:{self.server_port}/models.tar.gz"
        self.asked = 0

    def verify_request(self, *_: object) -> bool:
        """Count it."""
        self.asked += 1
        return True


class Quiet(SimpleHTTPRequestHandler):
    """Answers with files."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Web]:
    """Serve the folder `web`."""
    (tmp_path / "web").mkdir()
    with Web(tmp_path / "web") as web:
        Thread(target=web.serve_forever, daemon=True).start()
        yield web
        web.shutdown()


def packed(folder: Path, short: float) -> tuple[str, str]:
    """Write a version elsewhere and pack it; return the version and the archive's hash."""
    version = write_flower(folder / "elsewhere", constant([short, 1 - short])).version
    archive = folder / "web" / "models.tar.gz"
    return version, pack_models(folder / "elsewhere", ["flower"], archive)


def settings(folder: Path, files: Web, digest: str) -> ModelSettings:
    source = f"{files.address}?signature=secret#sha256={digest}"
    return ModelSettings.model_validate({"models_dir": folder / "models", "model_source": source})


def test_a_service_begins_with_what_is_in_the_archive(tmp_path: Path, files: Web) -> None:
    version, digest = packed(tmp_path, 0.25)
    given = {"MODELS": "tests.graphs:MODELS", "MODELS_DIR": str(tmp_path / "models")}
    source = f"{files.address}#sha256={digest}"
    with serve(tmp_path, WORKERS="2", MODEL_SOURCE=source, **given) as (client, _):
        assert client.post("/v1/predict", json=FLOWER).json()["model_version"] == version
    assert files.asked == 1
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [".source", "flower"]


def test_another_archive_adds_its_version_and_the_same_one_is_left_alone(
    tmp_path: Path, files: Web
) -> None:
    first, digest = packed(tmp_path, 0.25)
    fetch_models(settings(tmp_path, files, digest))
    second, digest = packed(tmp_path, 0.5)
    for _ in range(2):
        fetch_models(settings(tmp_path, files, digest))
        assert current_version(tmp_path / "models/flower") == second
    assert files.asked == 2
    assert (tmp_path / "models/flower" / first).is_dir()


@pytest.mark.usefixtures("files")
def test_an_archive_is_the_same_whenever_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, digest = packed(tmp_path, 0.25)
    for path in (tmp_path / "elsewhere").rglob("*"):
        path.touch()
    monkeypatch.setattr("gzip.time.time", lambda: 1e9)
    again = tmp_path / "again.tar.gz"
    assert pack_models(tmp_path / "elsewhere", ["flower"], again) == digest


def test_an_archive_that_is_not_the_pinned_one_changes_nothing(tmp_path: Path, files: Web) -> None:
    first, digest = packed(tmp_path, 0.25)
    fetch_models(settings(tmp_path, files, digest))
    _, other = packed(tmp_path, 0.5)
    with pytest.raises(StartError, match=f"is {other}, not {'0' * 64}. Nothing") as caught:
        fetch_models(settings(tmp_path, files, "0" * 64))
    assert "secret" not in str(caught.value)
    assert current_version(tmp_path / "models/flower") == first
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [".source", "flower"]


def archive_of(name: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be used: HTTP Error 404"),
        (b"", "cannot be used: "),
        (b"<html>", "cannot be used: not a gzip file"),
        (archive_of("x")[:40], "cannot be used: "),
        (archive_of("../x"), "cannot be used: .* outside"),
    ],
    ids=["missing", "empty", "html", "cut", "outside"],
)
def test_what_cannot_be_unpacked_says_so(
    tmp_path: Path, files: Web, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "web/models.tar.gz").write_bytes(content)
    with pytest.raises(StartError, match=message) as caught:
        fetch_models(settings(tmp_path, files, hashlib.sha256(content or b"").hexdigest()))
    assert "secret" not in str(caught.value)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/a.tar.gz",
        "http://example.org/a.tar.gz#sha256=" + "0" * 64,
        "http://localhost.example.org/a.tar.gz#sha256=" + "0" * 64,
        "https://example.org/a.tar.gz#sha256=abc",
        "file:///a.tar.gz#sha256=" + "0" * 64,
    ],
)
def test_a_source_that_is_not_pinned_or_not_encrypted_is_refused(
    monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("MODEL_SOURCE", source)
    with pytest.raises(StartError, match=r"MODEL_SOURCE.*https:// address, then #sha256="):
        load_settings(ModelSettings)

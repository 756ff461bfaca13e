"""When a version that was refused is tried again, and what the watcher survives."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.serving import watcher
from app.serving.artefact import current_version, serve_version
from app.serving.batching import BatchingModel
from app.serving.models import Models
from app.serving.opening import open_with_queue
from app.serving.settings import ModelSettings
from app.serving.watcher import Watcher
from tests.graphs import MODELS, constant, write_flower

Model = BatchingModel[Any, Any]


@pytest.fixture
def settings(tmp_path: Path) -> ModelSettings:
    write_flower(tmp_path)
    return ModelSettings(models_dir=tmp_path)


@pytest.fixture
def model(settings: ModelSettings) -> Iterator[Model]:
    with closing(open_with_queue(MODELS[0], settings)) as model:
        yield model


def write(folder: Path, short: float) -> tuple[str, Path]:
    """Write a version, and serve it; return its name and its model's file."""
    version = write_flower(folder, constant([short, 1 - short])).version
    return version, folder / "flower" / version / "model.onnx"


def test_a_version_whose_file_comes_later_is_tried_again(
    settings: ModelSettings, model: Model, tmp_path: Path
) -> None:
    """As when a folder is copied: `current` may be there before what it names."""
    looker = Watcher([], settings)
    version, file = write(tmp_path, 0.25)
    content = file.read_bytes()
    for part in (None, content[:10], content):
        if part is None:
            file.unlink()
        else:
            file.write_bytes(part)
        looker.look(model)
        assert model.current.refused == (None if part == content else version)
    assert model.card.version == version


def test_a_version_that_is_named_again_is_tried_again_whatever_the_clock_says(
    settings: ModelSettings, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock may go back, and some file systems count in seconds."""
    looker = Watcher([], settings)
    version, _ = write(tmp_path, 0.25)
    current = tmp_path / "flower" / "current"
    before = current.stat()
    with monkeypatch.context() as broken:
        broken.setattr(watcher, "load_version", None)  # whatever it raises
        looker.look(model)
        assert model.current.refused == version
    looker.look(model)
    assert model.current.refused == version  # nothing has changed
    serve_version(current.parent, version)
    os.utime(current, ns=(before.st_atime_ns, before.st_mtime_ns))
    looker.look(model)
    assert model.current.refused is None
    assert model.card.version == version


def test_a_version_that_is_refused_for_a_passing_reason_is_tried_again(
    settings: ModelSettings, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions, memory, a file system that fails for a while: no file changes afterwards."""
    looker, now = Watcher([], settings), 5.0
    monkeypatch.setattr(watcher, "monotonic", lambda: now)
    version, _ = write(tmp_path, 0.25)
    with monkeypatch.context() as broken:
        broken.setattr(watcher, "load_version", lambda *_: sys.exit("no memory"))
        looker.look(model)
    looker.look(model)
    assert model.current.refused == version
    now += watcher.AGAIN_SECONDS
    looker.look(model)
    assert model.card.version == version


def test_what_is_no_name_of_a_version_is_not_waited_for_nor_shown(
    settings: ModelSettings, model: Model, tmp_path: Path
) -> None:
    looker, current = Watcher([], settings), tmp_path / "flower" / "current"
    current.write_bytes(bytes(10_000_000))
    looker.look(model)
    assert model.current.refused == "\0" * 64
    current.unlink()
    os.mkfifo(current)
    looker.look(model)  # and returns
    current.unlink()
    version, _ = write(tmp_path, 0.25)
    looker.look(model)
    assert model.card.version == version


def test_a_file_that_names_nothing_is_reported(
    settings: ModelSettings, model: Model, tmp_path: Path
) -> None:
    (tmp_path / "flower" / "current").write_text("")
    Watcher([], settings).look(model)
    assert Models({"flower": model}).refused == {"flower": ""}


def test_a_folder_that_is_removed_and_made_again_is_watched(
    settings: ModelSettings, model: Model, tmp_path: Path
) -> None:
    looker, old = Watcher([], settings), model.card.version
    (tmp_path / "flower").rename(tmp_path / "gone")
    looker.look(model)
    assert (model.card.version, model.current.refused) == (old, None)
    version, _ = write(tmp_path, 0.25)
    looker.look(model)
    assert model.card.version == version == current_version(tmp_path / "flower")

"""Versions of a model on disk: what is written, kept, and found by who reads meanwhile."""

import threading
from pathlib import Path

import pytest

from app.serving.artefact import (
    KEPT_VERSIONS,
    ArtefactError,
    cards,
    current_version,
    read_card,
    write_artefact,
)
from app.serving.card import ModelFacts
from tests.graphs import FACTS


def write(folder: Path, content: bytes = b"one", **files: bytes) -> str:
    """Write a version, and return its name."""
    return write_artefact(folder, {"model.onnx": content, **files}, FACTS).version


def test_a_version_is_what_its_files_are(tmp_path: Path) -> None:
    first = write(tmp_path / "flower")
    assert write(tmp_path / "flower") == first == write(tmp_path / "again")
    assert write(tmp_path / "flower", b"two") != first
    assert write(tmp_path / "flower", words=b"a") != write(tmp_path / "flower", letters=b"a")


def test_the_newest_is_served_and_the_card_says_what_is_known(tmp_path: Path) -> None:
    write(tmp_path)
    version = write(tmp_path, b"two")
    assert current_version(tmp_path) == version
    card = read_card(tmp_path, version)
    assert (card.name, card.version) == (tmp_path.name, version)
    assert ModelFacts.model_validate(card.model_dump(include=set(ModelFacts.model_fields))) == FACTS


def test_the_last_few_versions_are_kept(tmp_path: Path) -> None:
    written = [write(tmp_path, b"%d" % number) for number in range(KEPT_VERSIONS + 3)]
    assert {card.version for card in cards(tmp_path)} == set(written[-KEPT_VERSIONS:])
    kept = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert kept == set(written[-KEPT_VERSIONS:])


def test_a_version_that_was_only_half_written_changes_nothing(tmp_path: Path) -> None:
    version = write(tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "model.onnx.draft").write_bytes(b"ha")
    (tmp_path / "current.draft").write_bytes(b"ha")
    assert current_version(tmp_path) == version
    assert [card.version for card in cards(tmp_path)] == [version]


def test_who_reads_while_versions_are_added_finds_one_of_them(tmp_path: Path) -> None:
    write(tmp_path)
    done = threading.Event()

    def replace() -> None:
        for number in range(30):
            write(tmp_path, b"model %d" % number)
        done.set()

    threading.Thread(target=replace).start()
    while not done.is_set():
        read_card(tmp_path, current_version(tmp_path))
    assert current_version(tmp_path) == write(tmp_path, b"model 29")


@pytest.mark.parametrize("version", ["../secret", "", "\0", "1f0e6a"])
def test_a_version_that_is_not_there(tmp_path: Path, version: str) -> None:
    (tmp_path / "current").write_text(version)
    with pytest.raises(ArtefactError):
        read_card(tmp_path, current_version(tmp_path))

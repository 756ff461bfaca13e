"""Versions of a model on disk: what is written, kept, and found by who reads meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.kit.start import StartError
from app.serving.artefact import (
    ArtefactError,
    current_version,
    read_card,
    serve_version,
    served_versions,
    write_artefact,
)
from app.serving.card import ModelFacts
from app.serving.versions import remove_versions, roll_back
from tests.graphs import FACTS


def write(folder: Path, content: bytes = b"one", **files: bytes) -> str:
    """Write a version, and return its name."""
    return write_artefact(folder, {"model.onnx": content, **files}, FACTS).version


def test_the_same_files_that_mean_something_else_are_another_version(tmp_path: Path) -> None:
    back = FACTS.model_copy(update={"labels": FACTS.labels[::-1]})
    written = [write_artefact(tmp_path, {"model.onnx": b"one"}, facts) for facts in (FACTS, back)]
    assert written[0].version != written[1].version


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


def folders(folder: Path) -> set[str]:
    """Return the versions that are there."""
    return {path.name for path in folder.iterdir() if path.is_dir()}


def test_the_versions_that_were_served_last_are_kept(tmp_path: Path) -> None:
    written = [write(tmp_path, b"%d" % number) for number in range(6)]
    serve_version(tmp_path, written[1])
    remove_versions(tmp_path, 3)
    assert served_versions(tmp_path) == [written[1], written[5], written[4]]
    assert folders(tmp_path) == {written[1], written[5], written[4]}


def test_what_another_training_is_adding_is_not_removed(tmp_path: Path) -> None:
    """It has written its files, and is about to name them."""
    first, other, last = (write(tmp_path, content) for content in (b"1", b"2", b"3"))
    (tmp_path / "current").write_text(f"{last}\n{first}")
    remove_versions(tmp_path, 1)
    assert folders(tmp_path) == {last, other}
    serve_version(tmp_path, other)
    assert roll_back(tmp_path) == last


def test_the_way_back_is_the_way_that_was_come(tmp_path: Path) -> None:
    assert roll_back(tmp_path) is None
    first, second, third = (write(tmp_path, content) for content in (b"1", b"2", b"3"))
    assert [roll_back(tmp_path), current_version(tmp_path)] == [second, second]
    assert [roll_back(tmp_path), current_version(tmp_path)] == [first, first]
    serve_version(tmp_path, third)
    assert [roll_back(tmp_path), current_version(tmp_path)] == [first, first]
    remove_versions(tmp_path, 1)
    assert roll_back(tmp_path) is None
    assert current_version(tmp_path) == first


def test_a_version_that_was_only_half_written_changes_nothing(tmp_path: Path) -> None:
    version = write(tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "model.onnx.draft").write_bytes(b"ha")
    (tmp_path / "current.draft").write_bytes(b"ha")
    assert served_versions(tmp_path) == [version]


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


def test_versions_that_are_served_at_the_same_time_are_all_whole(tmp_path: Path) -> None:
    """Two trainings may end at once, while somebody uses the command."""
    versions = [write(tmp_path, b"%d" % number) for number in range(4)]

    def serve(version: str) -> None:
        for _ in range(50):
            serve_version(tmp_path, version)
            assert current_version(tmp_path) in versions

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(serve, versions))
    assert {path.name for path in tmp_path.iterdir()} == {"current", *versions}


@pytest.mark.parametrize("version", ["../secret", "", "\0", "1f0e6a"])
def test_a_version_that_is_not_there(tmp_path: Path, version: str) -> None:
    (tmp_path / "current").write_text(version)
    with pytest.raises(ArtefactError):
        read_card(tmp_path, current_version(tmp_path))


def test_a_file_may_be_in_a_folder_of_the_version(tmp_path: Path) -> None:
    card = write_artefact(tmp_path, {"words/a.txt": b"a"}, FACTS)
    assert (tmp_path / card.version / "words/a.txt").read_bytes() == b"a"


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "card.json"])
def test_a_file_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartError, match="is no name for a file of a model"):
        write_artefact(tmp_path / "flower", {name: b"x"}, FACTS)
    assert list(tmp_path.iterdir()) == []

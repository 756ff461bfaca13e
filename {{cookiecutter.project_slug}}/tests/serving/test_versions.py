"""Versions come and go while the service answers: a real server, and the command."""

import csv
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import httpx2
import pytest

from app.serving.artefact import current_version, read_card, serve_version, served_versions
from app.serving.command import main
from tests.conftest import ROOT, serve
from tests.fakes import FLOWER, Flower
from tests.graphs import MODELS, constant, write_flower

LONGEST_SECONDS = 30
CLIENTS = 4


def write(folder: Path, short: float) -> str:
    """Write a version that gives this probability to `short`, and serve it."""
    return write_flower(folder, constant([short, 1 - short])).version


def wait_for(what: Callable[[], object]) -> None:
    """Return once this is true."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def damage(folder: Path, version: str) -> None:
    """Cut the model's file short."""
    path = folder / "flower" / version / "model.onnx"
    path.write_bytes(path.read_bytes()[:-10])


class Clients:
    """Ask for predictions without a pause, and keep what was answered."""

    def __init__(self, client: httpx2.Client) -> None:
        self.client = client
        self.failed: list[str] = []
        self.answered: set[tuple[str, float]] = set()
        self.done = Event()

    def ask(self) -> None:
        """Ask until this is done."""
        while not self.done.is_set():
            answer = self.client.post("/v1/predict", json=FLOWER)
            if answer.status_code == 200:
                body = answer.json()
                short = round(body["probabilities"]["short"], 3)
                self.answered.add((body["model_version"], short))
            else:
                self.failed.append(answer.text)

    def wait_for(self, version: str) -> None:
        """Return once this version answers."""
        wait_for(lambda: version in {answered for answered, _ in self.answered.copy()})

    def wait_until_refused(self, versions: dict[str, str] | None) -> None:
        """Return once `/health/ready` says that these versions are unfit."""
        ready = self.client.get
        wait_for(lambda: ready("/health/ready").json().get("refused_versions") == versions)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_versions_are_swapped_and_nobody_notices(tmp_path: Path, workers: str) -> None:
    folder = tmp_path / "models"
    written = {write(folder, 0.5): 0.5}
    settings = {"MODELS": "tests.graphs:MODELS", "MODELS_DIR": str(folder), "WORKERS": workers}
    with serve(tmp_path, **settings) as (client, _), ThreadPoolExecutor(CLIENTS) as pool:
        clients = Clients(client)
        asking = [pool.submit(clients.ask) for _ in range(CLIENTS)]
        try:
            for number in range(4):
                good, bad = 0.1 + number / 8, 0.9 - number / 100
                version = write(folder, good)
                written[version] = round(good, 3)
                clients.wait_for(version)
                unfit = write(folder, bad)
                damage(folder, unfit)
                clients.wait_until_refused({"flower": unfit})
                serve_version(folder / "flower", version)
                clients.wait_until_refused(None)
        finally:
            clients.done.set()
            for one in asking:
                one.result()
    assert clients.failed == []
    assert clients.answered == set(written.items())  # what names a version was answered by it


def test_a_version_that_is_unfit_is_logged_with_its_cause(tmp_path: Path) -> None:
    folder, log = tmp_path / "models", tmp_path / "log"
    good = write(folder, 0.5)
    settings = {"MODELS": "tests.graphs:MODELS", "MODELS_DIR": str(folder)}
    with serve(tmp_path, "app", log, **settings) as (client, _):
        bad = write_flower(folder, constant([7, 7])).version
        Clients(client).wait_until_refused({"flower": bad})
        assert client.post("/v1/predict", json=FLOWER).json()["model_version"] == good
    (line,) = [line for line in log.read_text().splitlines() if "version_refused" in line]
    assert bad in line
    assert "7.0 for probabilities.short" in line


def test_a_version_that_was_refused_is_tried_again_once_it_is_trained_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "models"
    write(folder, 0.5)
    settings = {"MODELS": "tests.graphs:MODELS", "MODELS_DIR": str(folder)}
    with serve(tmp_path, **settings) as (client, _):
        version = write(folder, 0.25)
        damage(folder, version)
        clients = Clients(client)
        clients.wait_until_refused({"flower": version})
        assert write(folder, 0.25) == version
        clients.wait_until_refused(None)
        assert client.post("/v1/predict", json=FLOWER).json()["model_version"] == version


# the command


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return a function that calls the command with these words, and returns what it prints."""
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))

    def call(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["models", *words])
        main(MODELS)
        return capsys.readouterr().out

    return call


def test_the_versions_are_listed_and_another_one_is_served(
    tmp_path: Path, command: Callable[..., str]
) -> None:
    first, second = write(tmp_path, 0.1), write(tmp_path, 0.2)
    name, newest, oldest = command("list").splitlines()
    assert name == "flower:"
    assert newest.startswith(f"* {second}  20")
    assert oldest.startswith(f"  {first}  20")
    assert newest.endswith(" UTC  accuracy 1")
    assert f"* {first}" in command("use", first[:6])
    assert current_version(tmp_path / "flower") == first
    assert f"* {second}" in command("rollback", "--model", "flower")
    assert current_version(tmp_path / "flower") == second


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["use"], "Name one of these versions, by its first digits at least: "),
        (["use", "x"], "Name one of these versions"),
        (["rollback"], "No earlier version can be served again: python -m app.models list"),
    ],
)
def test_what_cannot_be_served_says_what_can(
    tmp_path: Path, command: Callable[..., str], words: list[str], message: str
) -> None:
    version = write(tmp_path, 0.1)
    with pytest.raises(SystemExit, match=message):
        command(*words)
    assert served_versions(tmp_path / "flower") == [version]


def test_a_version_that_is_unfit_is_not_served(
    tmp_path: Path, command: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = write(tmp_path, 0.1), write(tmp_path, 0.2)
    damage(tmp_path, bad)
    with pytest.raises(SystemExit, match=r"model\.onnx is truncated or altered"):
        command("use", bad)
    assert current_version(tmp_path / "flower") == good
    for served, code in ((good, 0), (bad, 1)):
        serve_version(tmp_path / "flower", served)
        with pytest.raises(SystemExit) as ended:
            command("check")
        assert ended.value.code == code
        printed = capsys.readouterr().out
        marks = {True: "*", False: " "}
        assert f"\n{marks[served == good]} flower {good}  answers its example\n" in printed
        assert f"\n{marks[served == bad]} flower {bad}  is unfit\n" in printed
        assert f"flower {bad}  {tmp_path}" in printed
        assert ("flower cannot be served" in printed) is (served == bad)


def test_a_rollback_passes_by_what_is_unfit(tmp_path: Path, command: Callable[..., str]) -> None:
    good, bad, now = (write(tmp_path, short) for short in (0.1, 0.2, 0.3))
    damage(tmp_path, bad)
    printed = command("rollback")
    assert f"flower {bad}  {tmp_path}" in printed
    assert f"* {good}" in printed
    assert served_versions(tmp_path / "flower") == [good, bad, now]
    (tmp_path / "flower" / now / "card.json").unlink()
    with pytest.raises(SystemExit, match="No earlier version"):
        command("rollback")
    assert served_versions(tmp_path / "flower") == [good, bad, now]


def test_files_become_a_version_with_their_labels(
    tmp_path: Path, command: Callable[..., str]
) -> None:
    file = tmp_path / "elsewhere" / "model.onnx"
    file.parent.mkdir()
    file.write_bytes(constant([0.25, 0.75]))
    for words in ([str(file)], [str(file.parent)]):
        printed = command("add", *words, "--labels", "short, long,")
        assert printed.startswith("flower:\n* ")
        card = read_card(tmp_path / "flower", current_version(tmp_path / "flower"))
        assert (list(card.files), card.labels) == (["model.onnx"], ["short", "long"])
    assert Flower.model_validate_json(command("example"))


def test_the_first_version_is_not_served_if_it_is_unfit(
    tmp_path: Path, command: Callable[..., str]
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(constant([0.25, 0.75]))
    with pytest.raises(SystemExit, match=r"its card has 0 labels \(none\)"):
        command("add", str(file))
    assert list((tmp_path / "flower").iterdir()) == []
    good = write(tmp_path, 0.1)
    with pytest.raises(SystemExit, match="1 labels"):
        command("add", str(file), "--labels", "short")
    assert served_versions(tmp_path / "flower") == [good]
    assert {path.name for path in (tmp_path / "flower").iterdir()} == {"current", good}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add"], "Name the files, or their folder: python -m app.models add model.onnx"),
        (["add", "missing.onnx"], r"^missing\.onnx cannot be read: No such file or directory\.$"),
        (["pack"], "Name the file to write: python -m app.models pack models.tar.gz"),
        (["pack", "a", "b"], "Name the file to write"),
        (["pack", "a"], "current cannot be read: .*\nTrain the model again: "),
    ],
)
def test_what_is_missing_is_named(
    command: Callable[..., str], words: list[str], message: str
) -> None:
    with pytest.raises(SystemExit, match=message):
        command(*words)


def test_what_is_missing_is_trained_and_what_is_served_is_packed(
    training: Path, tmp_path: Path, command: Callable[..., str]
) -> None:
    training.write_text(TRAINING.format(short=0.3, long=0.7))
    assert "Training flower" in command("train", "--missing")
    assert command("train", "--missing") == "flower already has a version\n"
    printed = command("pack", str(tmp_path / "models.tar.gz"))
    digest = hashlib.sha256((tmp_path / "models.tar.gz").read_bytes()).hexdigest()
    assert printed == f"MODEL_SOURCE=https://…/models.tar.gz#sha256={digest}\n"


def test_a_version_without_a_card_hides_no_other(
    tmp_path: Path, command: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = write(tmp_path, 0.1), write(tmp_path, 0.2)
    (tmp_path / "flower" / bad / "card.json").write_text("{")
    assert f"  {bad}  has no card that can be read" in command("list")
    assert f"* {good}" in command("use", good)
    with pytest.raises(SystemExit):
        command("check")
    assert f"{good}  answers its example" in capsys.readouterr().out


def test_no_version_at_all_says_what_to_type(command: Callable[..., str]) -> None:
    with pytest.raises(SystemExit, match=r"has no version\. Train one: .*train --model flower "):
        command("list")


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the path of the training of the model `flower`, which is not there yet."""
    package = ModuleType("app.models.flower")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, package.__name__, package)
    yield tmp_path / "train.py"
    sys.modules.pop("app.models.flower.train", None)


TRAINING = """
from tests.graphs import constant, write_flower
def train(folder):
    return write_flower(folder.parent, constant([{short}, {long}]))
"""


def test_training_adds_a_version_and_keeps_as_many_as_it_may(
    training: Path,
    tmp_path: Path,
    command: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = [write(tmp_path, short) for short in (0.1, 0.2)]
    monkeypatch.setenv("MODEL_KEEP", "2")
    training.write_text(TRAINING.format(short=0.3, long=0.7))
    printed = command("train", "--model", "flower")
    trained = current_version(tmp_path / "flower")
    assert printed.startswith(f"Training flower …\nflower {trained} is in {tmp_path}")
    assert "  accuracy       1\n" in printed
    assert served_versions(tmp_path / "flower") == [trained, before[1]]
    assert not (tmp_path / "flower" / before[0]).exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, r"app/models/flower/train\.py is missing: docs/own-model\.md .*\n.* --model flower"),
        ("import no_such", "of flower needs no_such, which is not installed\\. Type: uv sync\n"),
    ],
)
def test_a_training_that_cannot_begin_says_why(
    training: Path, command: Callable[..., str], code: str | None, message: str
) -> None:
    if code:
        training.write_text(code)
    with pytest.raises(SystemExit, match=message):
        command("train", "--model", "flower")


def test_a_model_without_a_training_keeps_no_other_from_its_own(
    command: Callable[..., str],
) -> None:
    assert command("train") == "flower has no train.py, so there is nothing to train\n"


def test_what_training_or_files_give_is_served_only_if_it_is_fit(
    training: Path, tmp_path: Path, command: Callable[..., str]
) -> None:
    good = write(tmp_path, 0.1)
    training.write_text(TRAINING.format(short=7, long=7))
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no graph")
    for words in (["train"], ["add", str(bad), "--labels", "short,long"]):
        with pytest.raises(SystemExit, match="Train the model again"):
            command(*words)
        assert current_version(tmp_path / "flower") == good


def test_files_are_added_to_a_model_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODELS_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["models", "add", "model.onnx"])
    other = replace(MODELS[0], name="other")
    with pytest.raises(SystemExit, match=r"Name the model with --model\. There are: flower, other"):
        main((*MODELS, other))


def test_the_example_is_what_the_model_takes(tmp_path: Path, command: Callable[..., str]) -> None:
    write(tmp_path, 0.1)
    assert Flower.model_validate_json(command("example")) == Flower(**FLOWER)
    header, *rows = csv.reader(command("example", "--rows", "3").splitlines())
    assert [row[0] for row in rows] == ["1", "2", "3"]
    for row in rows:
        texts = dict(zip(header[1:], row[1:], strict=True))
        assert Flower.model_validate_strings(texts) == Flower(**FLOWER)


def test_the_command_has_help() -> None:
    words: list[Any] = [sys.executable, "-m", "app.models", "--help"]
    printed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for word in ("train", "list", "use VERSION", "rollback", "check"):
        assert word in printed

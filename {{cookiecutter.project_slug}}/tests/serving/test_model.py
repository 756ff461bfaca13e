"""Training, the artefact on disk, and what the loader refuses."""

import json
import os
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from fastapi.testclient import TestClient
from onnx import TensorProto, helper
from pydantic import BaseModel, Field
from sklearn.datasets import load_iris

from app.kit.start import StartError
from app.main import create_app
from app.models import Features, open_model
from app.models.iris.train import main as train_main
from app.models.iris.train import ranges, train
from app.serving.artefact import ArtefactError, ModelFacts, read_artefact, write_artefact
from app.serving.onnx import load_model
from app.serving.opening import open_with_queue
from app.settings import Settings
from tests import fakes
from tests.conftest import LOCAL, ROOT
from tests.fakes import CARD

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def copy(artefact: Path, tmp_path: Path) -> Path:
    """Return a copy of the artefact that a test may damage."""
    return Path(shutil.copytree(artefact, tmp_path / "model"))


def settings_for(folder: Path) -> Settings:
    return Settings(model_dir=folder)


def edit_card(folder: Path, change: Change) -> None:
    card = json.loads((folder / "card.json").read_text())
    change(card)
    (folder / "card.json").write_text(json.dumps(card))


def test_the_model_is_good_and_its_card_says_how_good(artefact: Path) -> None:
    card, _ = read_artefact(artefact)
    model = load_model(settings_for(artefact))
    rows, species = load_iris(return_X_y=True)
    right = model.predict(rows.astype(np.float32)).argmax(axis=1) == species
    assert right.mean() > 0.9
    assert 0.9 < card.metrics["accuracy"] <= 1
    assert card.labels == ["setosa", "versicolor", "virginica"]
    assert {"scikit-learn", "skl2onnx", "onnx"} <= card.libraries.keys()


@pytest.mark.parametrize("asked", ["CUDAExecutionProvider", "CPUExecutionProvider, Nothing"])
def test_a_provider_that_is_not_active_stops_the_start(artefact: Path, asked: str) -> None:
    with pytest.raises(StartError, match=r"MODEL_PROVIDERS: .* cannot be used here") as refused:
        load_model(Settings(model_dir=artefact, model_providers=asked))
    assert "ONNX Runtime has AzureExecutionProvider, CPUExecutionProvider" in str(refused.value)


def test_a_real_row_is_served(artefact: Path, settings: Settings) -> None:
    flower = dict(zip(Features.model_fields, load_iris().data[100].tolist(), strict=True))
    loader = Settings.model_fields["model_loader"].default
    real = settings.model_copy(update={"model_dir": artefact, "model_loader": loader})
    with TestClient(create_app(real), base_url=LOCAL) as client:
        answer = client.post("/v1/predictions", json=flower).json()
    assert answer["label"] == "virginica"
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["model_version"] == read_artefact(artefact)[0].version


def test_training_again_gives_the_same_version(artefact: Path, tmp_path: Path) -> None:
    assert train(tmp_path).version == read_artefact(artefact)[0].version


def test_the_command_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # a program that is run by its path takes its arguments from here alone
    monkeypatch.setattr(sys, "argv", ["train", "--out", str(tmp_path)])
    runpy.run_path(str(ROOT / "app" / "models" / "iris" / "train.py"), run_name="__main__")
    assert read_artefact(tmp_path)[0].version in capsys.readouterr().out


def test_a_new_model_takes_the_old_ones_place(copy: Path) -> None:
    facts = ModelFacts.model_validate(read_artefact(copy)[0].model_dump())
    card = write_artefact(copy, b"another model", facts)
    assert read_artefact(copy) == (card, b"another model")
    assert sorted(path.name for path in copy.iterdir()) == [
        "card.json",
        f"model-{card.version}.onnx",
    ]


def test_a_model_that_was_only_half_written_changes_nothing(copy: Path) -> None:
    before = read_artefact(copy)
    (copy / "model-new.draft").write_bytes(b"half")
    (copy / "card.draft").write_bytes(b"half")
    assert read_artefact(copy) == before


def test_who_reads_while_a_model_is_replaced_finds_one_of_the_two(copy: Path) -> None:
    facts = ModelFacts.model_validate(read_artefact(copy)[0].model_dump())
    done = threading.Event()

    def replace() -> None:
        for number in range(30):
            write_artefact(copy, b"model %d" % number, facts)
        done.set()

    threading.Thread(target=replace).start()
    while not done.is_set():
        read_artefact(copy)
    assert read_artefact(copy)[1] == b"model 29"


def no_card(folder: Path) -> None:
    (folder / "card.json").unlink()


def no_onnx(folder: Path) -> None:
    next(folder.glob("*.onnx")).unlink()


def truncated(folder: Path) -> None:
    onnx = next(folder.glob("*.onnx"))
    onnx.write_bytes(onnx.read_bytes()[:-10])


def not_onnx(folder: Path) -> None:
    facts = ModelFacts.model_validate(read_artefact(folder)[0].model_dump())
    write_artefact(folder, b"this is not ONNX", facts)


def rows_at_once(number: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        card, content = read_artefact(folder)
        model = onnx.load_from_string(content)
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = number
        facts = ModelFacts.model_validate(card.model_dump())
        write_artefact(folder, model.SerializeToString(), facts)

    return damage


def gives(value: float, onnx_type: int = TensorProto.FLOAT) -> Callable[[Path], None]:
    """Return what replaces the model by one that gives this value three times, as this type."""

    def damage(folder: Path) -> None:
        graph = helper.make_graph(
            [
                helper.make_node("ReduceMax", ["rows", "columns"], ["largest"]),
                helper.make_node("Sub", ["largest", "largest"], ["zero"]),
                helper.make_node("Add", ["zero", "values"], ["sum"]),
                helper.make_node("Cast", ["sum"], ["probabilities"], to=onnx_type),
            ],
            "values",
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 4])],
            [helper.make_tensor_value_info("probabilities", onnx_type, ["n", 3])],
            [
                helper.make_tensor("columns", TensorProto.INT64, [1], [1]),
                helper.make_tensor("values", TensorProto.FLOAT, [1, 3], [value] * 3),
            ],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        facts = ModelFacts.model_validate(read_artefact(folder)[0].model_dump())
        write_artefact(folder, model.SerializeToString(), facts)

    return damage


def no_utf_8(folder: Path) -> None:
    (folder / "card.json").write_bytes(b"\xff" + (folder / "card.json").read_bytes())


def a_folder(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (path,) = folder.glob(name)
        path.unlink()
        path.mkdir()

    return damage


def no_number(folder: Path) -> None:
    edit_card(folder, lambda card: card["metrics"].update(accuracy=float("nan")))


def no_range(folder: Path) -> None:
    edit_card(folder, lambda card: card["features"][0].update(minimum=float("-inf")))


def no_path(folder: Path) -> None:
    edit_card(folder, lambda card: card.update(version="\0"))


def label_twice(folder: Path) -> None:
    edit_card(folder, lambda card: card.update(labels=["setosa", "setosa", "virginica"]))


def no_json(folder: Path) -> None:
    (folder / "card.json").write_text("{")


def newer_card(folder: Path) -> None:
    edit_card(folder, lambda card: card.update(card_schema=2))


def other_unit(folder: Path) -> None:
    edit_card(folder, lambda card: card["features"][0].update(unit="inch"))


def other_order(folder: Path) -> None:
    edit_card(folder, lambda card: card["features"].reverse())


def other_bounds(folder: Path) -> None:
    edit_card(folder, lambda card: card["features"][0].update(maximum=31))


def other_labels(folder: Path) -> None:
    edit_card(folder, lambda card: card["labels"].append("fourth"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (no_card, r"card\.json cannot be read: No such file"),
        (no_onnx, r"\.onnx cannot be read: No such file"),
        (truncated, "is truncated or altered"),
        (not_onnx, "ONNX Runtime cannot run the model"),
        (rows_at_once(1), "Got: 2 Expected: 1"),
        (rows_at_once(2), "Got: 1 Expected: 2"),
        (gives(float("nan")), r"The model gave nan, which is not a probability"),
        (gives(7), r"The model gave 7\.0, which is not a probability"),
        (gives(1, TensorProto.INT64), "The model gave int64 instead of an array of floats"),
        (no_utf_8, "is not a model card of layout 1"),
        (no_number, r"layout 1 \(metrics\.accuracy: Input should be a finite number\)"),
        (no_range, r"layout 1 \(features\.0\.minimum: Input should be a finite number\)"),
        (no_path, "cannot be read: embedded null byte"),
        (a_folder("card.json"), r"card\.json cannot be read: Is a directory"),
        (a_folder("*.onnx"), r"\.onnx cannot be read: Is a directory"),
        (label_twice, r"layout 1 \(labels: Value error, each label must be there once\)"),
        (no_json, "is not a model card of layout 1"),
        (newer_card, "is not a model card of layout 1"),
        (other_unit, "was trained on .*inch.* but the API takes"),
        (other_order, "was trained on .* but the API takes"),
        (other_bounds, "breaks the bounds in app/models/iris/features.py"),
        (other_labels, r"The model gave numbers of shape \(2, 3\) instead of \(2, 4\)"),
    ],
)
def test_a_damaged_artefact_is_refused_with_the_command_that_replaces_it(
    copy: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(copy)
    with pytest.raises(ArtefactError, match=message) as caught:
        open_model(settings_for(copy))
    assert "uv run python -m app.models.iris.train" in str(caught.value)


def test_training_data_that_is_not_what_the_api_takes() -> None:
    with pytest.raises(StartError, match="names 4 features, and the training data has 3 columns"):
        ranges(load_iris().data[:, :3])


@pytest.mark.parametrize("loader", ["nowhere:load", "app.serving.onnx:nothing"])
def test_a_loader_that_is_not_there(loader: str) -> None:
    with pytest.raises(StartError, match="MODEL_LOADER"):
        open_model(Settings(model_loader=loader))


@pytest.mark.parametrize(
    ("loader", "cause"),
    [
        ("tests.fakes:fail_to_load", "ZeroDivisionError: a bug"),
        ("tests.fakes:FLOWER", "TypeError: 'dict' object is not callable"),
        ("tests.fakes:exit_instead", "SystemExit: 0"),
        ("broken_loader:load_model", "ZeroDivisionError: a bug"),
    ],
)
def test_a_loader_that_fails_is_named_and_its_error_is_kept(
    loader: str, cause: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken_loader.py").write_text("raise ZeroDivisionError('a bug')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(StartError, match=f"MODEL_LOADER: {loader} raised {cause}") as caught:
        open_model(Settings(model_loader=loader))
    assert caught.value.__cause__


@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        (None, r"NoneType, which lacks card \(a ModelCard\), predict, close"),
        ({}, "dict, which lacks card"),
        (SimpleNamespace(card={}, predict=print, close=print), r"lacks card \(a ModelCard\)\."),
        (SimpleNamespace(card=CARD, predict=None, close=print), r"lacks predict\."),
        (SimpleNamespace(card=CARD, predict=print), r"lacks close\."),
    ],
)
def test_what_a_loader_returns_must_be_a_model(
    given: object, lacks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakes, "load_model", lambda _: given)
    with pytest.raises(StartError, match=lacks) as caught:
        open_model(Settings(model_loader="tests.fakes:load_model"))
    assert "Return a Model, as in app/serving/protocol.py." in str(caught.value)


@pytest.mark.parametrize("extra", [None, {"unit": 1}])
def test_a_feature_without_a_unit_is_named(extra: dict[str, Any] | None) -> None:
    class Unmeasured(BaseModel):
        width: float = Field(json_schema_extra=extra)

    with pytest.raises(
        StartError, match=r"test_model\.py: width has no unit\. Add one to its Field"
    ):
        open_with_queue(Settings(model_loader="tests.fakes:load_model"), Unmeasured)
    assert fakes.made[-1].calls == ["load", "close"]


def test_the_training_names_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train"])
    monkeypatch.setenv("MODEL_DIR", __file__)
    with pytest.raises(SystemExit, match="MODEL_DIR: Input should be a folder"):
        train_main()


def test_the_number_of_threads_is_the_setting(artefact: Path) -> None:
    model: Any = load_model(settings_for(artefact).model_copy(update={"model_threads": 3}))
    assert model._session.get_session_options().intra_op_num_threads == 3


def test_nothing_is_reported_to_anyone(artefact: Path, tmp_path: Path) -> None:
    """ONNX Runtime would, and begins with a file that has an id; in CI it does not."""
    load = "import sys; from app.settings import Settings; from app.serving.onnx import load_model"
    quiet = {"CI", "TF_BUILD", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY"}
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    subprocess.run(
        [sys.executable, "-c", f"{load}; load_model(Settings(model_dir=sys.argv[1]))", artefact],
        env={**environment, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        cwd=ROOT,
        check=True,
    )
    assert list(tmp_path.rglob("*")) == []

"""The ready-made model: graphs with one input or many, providers, threads, and no telemetry."""

import os
import shutil
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from pydantic import BaseModel, Field, create_model

from app.kit.start import StartError
from app.serving.answers import Regression
from app.serving.artefact import Artefact, write_artefact
from app.serving.card import ModelFacts
from app.serving.loading import load
from app.serving.onnx import MODEL_FILE, OnnxModel, column, is_bounded, texts
from app.serving.served import Served
from app.serving.unseen import InfiniteValueError
from app.settings import Settings
from tests.conftest import ROOT
from tests.graphs import MODELS, graph


def settings_for(folder: Path, **changes: Any) -> Settings:  # noqa: ANN401
    return Settings(models_dir=folder, models="tests.graphs:MODELS", **changes)


@pytest.mark.parametrize("asked", ["CUDAExecutionProvider", "CPUExecutionProvider, Nothing"])
def test_a_provider_that_is_not_active_stops_the_start(artefact: Path, asked: str) -> None:
    with pytest.raises(StartError, match=r"MODEL_PROVIDERS: .* cannot be used here") as refused:
        load(MODELS[0], settings_for(artefact, model_providers=asked))
    assert "ONNX Runtime has AzureExecutionProvider, CPUExecutionProvider" in str(refused.value)


def test_the_number_of_threads_is_the_setting(artefact: Path) -> None:
    model: Any = load(MODELS[0], settings_for(artefact, model_threads=3))
    assert model._predictor._session.get_session_options().intra_op_num_threads == 3


def test_nothing_is_reported_to_anyone(artefact: Path, tmp_path: Path) -> None:
    """ONNX Runtime would, and begins with a file that has an id; in CI it does not."""
    program = (
        "import sys\n"
        "from app.serving.opening import open_models\n"
        "from app.settings import Settings\n"
        "open_models(Settings(models_dir=sys.argv[1], models='tests.graphs:MODELS'))"
    )
    quiet = {"CI", "TF_BUILD", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY"}
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    subprocess.run(
        [sys.executable, "-c", program, artefact],
        env={**environment, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        cwd=ROOT,
        check=True,
    )
    assert list(tmp_path.rglob("*")) == []


class House(BaseModel):
    """What a house is."""

    rooms: int = Field(examples=[3])
    area: float | None = Field(examples=[80.5])


class Measured(BaseModel):
    """A house whose area is known."""

    rooms: int = Field(examples=[3])
    area: float = Field(examples=[80.5])


HOUSE = Served("house", House, Regression, OnnxModel)
MEASURED = Served("house", Measured, Regression, OnnxModel)


def priced(folder: Path, content: bytes) -> list[float]:
    """Return what a graph of houses gives for three of them."""
    write_artefact(folder / "house", {MODEL_FILE: content}, ModelFacts())
    model = load(HOUSE, settings_for(folder))
    houses = [House(rooms=1, area=1), House(rooms=2, area=None), House(rooms=0, area=4)]
    return [answer.value for answer in model.predict(houses)]


@pytest.mark.parametrize("shape", [["n"], ["n", 1]])
def test_a_graph_may_have_an_input_for_each_feature(tmp_path: Path, shape: list[Any]) -> None:
    nodes = [
        ("IsNaN", ["area"], "missing"),
        ("Where", ["missing", "ten", "area"], "known"),
        ("Mul", ["rooms", "one"], "whole"),
        ("CastLike", ["whole", "ten"], "floats"),
        ("Add", ["floats", "known"], "price"),
    ]
    content = graph(
        nodes,
        {"area": (TensorProto.FLOAT, shape), "rooms": (TensorProto.INT64, shape)},
        {"price": (TensorProto.FLOAT, shape)},
        ten=np.float32(10),
        one=1,
    )
    assert priced(tmp_path, content) == [2, 12, 4]


def test_a_graph_with_one_input_takes_a_row_in_which_none_is_nan(tmp_path: Path) -> None:
    nodes = [
        ("IsNaN", ["x"], "is"),
        ("Where", ["is", "ten", "x"], "y"),
        ("ReduceSum", ["y", "a"], "s"),
    ]
    content = graph(
        nodes,
        {"x": (TensorProto.FLOAT, ["n", 2])},
        {"s": (TensorProto.FLOAT, ["n", 1])},
        ten=np.float32(10),
        a=[1],
    )
    assert priced(tmp_path, content) == [2, 12, 4]


INTEGERS = graph(
    [("Add", ["rooms", "rooms"], "sum"), ("CastLike", ["sum", "area"], "price")],
    {"area": (TensorProto.FLOAT, ["n"]), "rooms": (TensorProto.INT64, ["n"])},
    {"price": (TensorProto.FLOAT, ["n"])},
)
FLOATS = graph(
    [("ReduceSum", ["x", "a"], "s")],
    {"x": (TensorProto.FLOAT, ["n", 2])},
    {"s": (TensorProto.FLOAT, ["n", 1])},
    a=[1],
)


@pytest.mark.parametrize(
    ("content", "values", "name"),
    [
        (INTEGERS, {"rooms": 2**63}, "rooms"),
        (INTEGERS, {"rooms": -(10**30)}, "rooms"),
        (INTEGERS, {"area": 1e39}, "area"),
        (FLOATS, {"rooms": 10**39}, "rooms"),
        (FLOATS, {"rooms": 10**400}, "rooms"),
        (FLOATS, {"area": -1e39}, "area"),
    ],
)
def test_a_number_that_its_input_cannot_hold_is_refused_by_name(
    tmp_path: Path, content: bytes, values: dict[str, Any], name: str
) -> None:
    write_artefact(tmp_path / "house", {MODEL_FILE: content}, ModelFacts())
    model = load(MEASURED, settings_for(tmp_path))
    rows = [model.example, Measured.model_validate({"rooms": 3, "area": 4} | values)]
    with pytest.raises(InfiniteValueError, match=f"^{name} is too large to be calculated with"):
        model.predict(rows)
    assert len(model.predict([model.example])) == 1


@pytest.mark.parametrize(
    ("rules", "bounded"),
    [
        ({"gt": 0, "le": 30}, True),
        ({"ge": -1, "lt": 1}, True),
        ({"gt": 0}, False),
        ({"le": 9}, False),
        ({"ge": 0, "le": 1e39}, False),
        ({"ge": 0, "gt": 0}, False),
        ({}, False),
    ],
)
def test_a_feature_is_bounded_by_its_rules(rules: dict[str, Any], bounded: bool) -> None:
    fields = create_model("F", x=(float, Field(**rules))).model_fields
    assert is_bounded(fields["x"]) is bounded


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["rooms", "garden"], "it takes garden, which no feature is called"),
        (["rooms", "area"], "it has no output probabilities, but sum"),
    ],
)
def test_a_graph_that_does_not_fit_says_what_is_wrong(
    tmp_path: Path, inputs: list[str], message: str
) -> None:
    content = graph(
        [("Add", inputs, "sum")],
        {name: (TensorProto.FLOAT, ["n"]) for name in inputs},
        {"sum": (TensorProto.FLOAT, ["n"])},
    )
    write_artefact(tmp_path / "flower", {MODEL_FILE: content}, ModelFacts(labels=["a", "b"]))
    flower = Served("flower", House, MODELS[0].answer, OnnxModel)
    with pytest.raises(StartError, match=message):
        load(flower, settings_for(tmp_path))


def test_a_file_of_the_artefact_is_checked_where_it_is(artefact: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(artefact, tmp_path / "models")
    (folder,) = copy.glob("flower/*/")
    card = load(MODELS[0], settings_for(copy)).card
    files = Artefact("flower", folder, card, Settings(), House, Regression)
    assert files.path(MODEL_FILE).read_bytes() == files.read(MODEL_FILE)
    for ask in (files.path, files.read):
        with pytest.raises(StartError, match=r"has no file model\.txt\. It has: model\.onnx\."):
            ask("model.txt")
    again = Artefact("flower", folder, card, Settings(), House, Regression)
    (folder / MODEL_FILE).write_bytes(b"altered")
    with pytest.raises(StartError, match=r"model\.onnx is truncated or altered"):
        again.path(MODEL_FILE)


class Colour(Enum):
    """A category."""

    RED = "red"


class Car(BaseModel):
    """A frame with a category and texts that may be missing."""

    colour: Colour | None = Field(examples=["red"])
    owner: str | None = Field(examples=["Ann"])


def test_texts_arrive_as_they_are_sent_and_empty_where_they_are_missing() -> None:
    rows = [Car(colour=Colour.RED, owner=None), Car(colour=None, owner="Bo")]
    assert texts(row.colour for row in rows) == ["red", ""]
    assert column([row.owner for row in rows], np.object_, 2).tolist() == [[""], ["Bo"]]


@pytest.mark.parametrize("kind", [TensorProto.INT64, TensorProto.BOOL])
def test_what_may_be_missing_needs_an_input_that_can_be_missing(tmp_path: Path, kind: int) -> None:
    content = graph(
        [("Identity", ["area"], "same")], {"area": (kind, ["n"])}, {"same": (kind, ["n"])}
    )
    write_artefact(tmp_path / "house", {MODEL_FILE: content}, ModelFacts())
    with pytest.raises(StartError, match="area may be missing, so its input must be"):
        load(HOUSE, settings_for(tmp_path))


def test_a_type_that_no_feature_can_have_is_named(tmp_path: Path) -> None:
    kind = (TensorProto.INT32, ["n"])
    content = graph([("Identity", ["area"], "same")], {"area": kind}, {"same": kind})
    write_artefact(tmp_path / "house", {MODEL_FILE: content}, ModelFacts())
    with pytest.raises(StartError, match=r"its input area is a tensor\(int32\)"):
        load(HOUSE, settings_for(tmp_path))

"""ONNX graphs for the tests, and an artefact of each: `MODELS=tests.graphs:MODELS` serves one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.serving.answers import Classification
from app.serving.artefact import write_artefact
from app.serving.card import ModelCard, ModelFacts
from app.serving.onnx import MODEL_FILE, OnnxModel
from app.serving.served import Served
from tests.fakes import CARD, Flower

MODELS = (Served("flower", Flower, Classification, OnnxModel),)
FACTS = ModelFacts(metrics=CARD.metrics, features=CARD.features, labels=CARD.labels)
Nodes = list[tuple[str, list[str], str]]
Shapes = Mapping[str, tuple[int, list[Any]]]


def graph(nodes: Nodes, inputs: Shapes, outputs: Shapes, **values: Any) -> bytes:  # noqa: ANN401
    """Return a graph of operators, (name, inputs, output), in which these values are constants."""
    built = helper.make_graph(
        [helper.make_node(name, taken, [given]) for name, taken, given in nodes],
        "test",
        [helper.make_tensor_value_info(name, *of) for name, of in inputs.items()],
        [helper.make_tensor_value_info(name, *of) for name, of in outputs.items()],
        [numpy_helper.from_array(np.array(value), name) for name, value in values.items()],
    )
    opset = helper.make_opsetid("", 18)
    content: bytes = helper.make_model(
        built, opset_imports=[opset], ir_version=9
    ).SerializeToString()
    return content


def with_last(content: bytes, node: Any, *of: Any) -> bytes:  # noqa: ANN401
    """Return a graph with one more operator, whose only output, of this type, is the graph's."""
    model = onnx.load_from_string(content)
    model.graph.node.append(node)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(node.output[0], *of))
    changed: bytes = model.SerializeToString()
    return changed


def constant(
    values: list[float], kind: int = TensorProto.FLOAT, rows: int | str = "n", columns: int = 4
) -> bytes:
    """Return a graph that gives these probabilities, as this type, whatever the flower."""
    nodes = [
        ("ReduceMax", ["rows", "axis"], "largest"),
        ("Sub", ["largest", "largest"], "zero"),
        ("Add", ["zero", "values"], "sum"),
    ]
    shape = [rows, len(values)]
    content = graph(
        nodes,
        {"rows": (TensorProto.FLOAT, [rows, columns])},
        {"sum": (TensorProto.FLOAT, shape)},
        axis=[1],
        values=np.array([values], dtype=np.float32),
    )
    cast = helper.make_node("Cast", ["sum"], ["probabilities"], to=kind)
    return with_last(content, cast, kind, shape)


def flowers() -> bytes:
    """Return a graph that says `long` if the sepal is longer than 6 cm, as the fake model does."""
    nodes: Nodes = [
        ("Slice", ["rows", "begin", "end", "axis"], "sepal"),
        ("Greater", ["sepal", "limit"], "is_long"),
        ("Where", ["is_long", "much", "little"], "long"),
        ("Where", ["is_long", "little", "much"], "short"),
    ]
    inputs = {"rows": (TensorProto.FLOAT, ["n", 4])}
    numbers = {
        name: np.array([value], dtype=np.float32)
        for name, value in (("limit", 6), ("much", 0.75), ("little", 0.25))
    }
    places = {"begin": [0], "end": [1], "axis": [1]}
    content = graph(nodes, inputs, {"long": (TensorProto.FLOAT, ["n", 1])}, **numbers, **places)
    joined = helper.make_node("Concat", ["short", "long"], ["probabilities"], axis=1)
    return with_last(content, joined, TensorProto.FLOAT, ["n", 2])


def write_flower(folder: Path, content: bytes | None = None, **facts: Any) -> ModelCard:  # noqa: ANN401
    """Write an artefact of the model `flower` into a MODELS_DIR."""
    changed = FACTS.model_copy(update=facts)
    return write_artefact(folder / "flower", {MODEL_FILE: content or flowers()}, changed)

"""Models of different weight behind the same four features.

Each is an artefact for the generated project, or a list of its own (`MODELS`). What they answer
means nothing; only its cost counts. With a wide network, one row waits for the weights to be read,
and a batch for what it has to calculate with them. An ensemble is a thousand networks, each with
little to do: what its call costs is the same for one row and for a batch.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

ONNX_OPSET, IR_VERSION = 18, 9
SMALL = (4, 1000, 1000, 3)
WIDE = (4, *[2048] * 10, 3)  # 150 MB: more than a cache holds
MEMBERS, MEMBER = 1000, (4, 16, 16, 3)


@dataclass(frozen=True)
class Served:
    """A model, the settings with which the project serves it, and the requests in a burst."""

    name: str
    settings: Mapping[str, str]
    requests: int


def serve(baked: Path) -> Iterator[Served]:
    """Yield every model; the light one is as the project trained it."""
    trained = baked / "var" / "models"
    yield Served("logistic regression, ONNX", {}, 512)
    for name, onnx, requests in (
        ("network of 4 MB, ONNX", network(SMALL), 512),
        ("network of 150 MB, ONNX", network(WIDE), 64),
        ("ensemble of 1,000 networks, ONNX", ensemble(MEMBERS, MEMBER), 64),
    ):
        folder = baked.with_name(name.replace(" ", "-"))
        write(onnx, trained, folder)
        yield Served(name, {"MODELS_DIR": str(folder)}, requests)
    forest = {"MODELS": "benchmarks.forest:MODELS"}
    yield Served("random forest, scikit-learn", forest, 64)


def current(folder: Path) -> Path:
    """Return the folder of the version that is served from a MODELS_DIR."""
    return folder / "iris" / (folder / "iris" / "current").read_text("utf-8")


def write(onnx: bytes, trained: Path, folder: Path) -> None:
    """Write a MODELS_DIR with an artefact of the model, with the trained one's card."""
    sha256 = hashlib.sha256(onnx).hexdigest()
    version = sha256[:12]
    card = json.loads((current(trained) / "card.json").read_text("utf-8"))
    card |= {"files": {"model.onnx": sha256}, "version": version}
    place = folder / "iris" / version
    place.mkdir(parents=True)
    (place / "card.json").write_text(json.dumps(card), "utf-8")
    (place / "model.onnx").write_bytes(onnx)
    (folder / "iris" / "current").write_text(version, "utf-8")


class Graph:
    """Networks that read the same rows, as an ONNX graph that grows."""

    def __init__(self) -> None:
        """Begin empty; the weights are random, and the same each time."""
        self.random = np.random.default_rng(0)
        self.nodes: list[NodeProto] = []
        self.weights: list[TensorProto] = []

    def node(self, operation: str, *inputs: str) -> str:
        """Add an operation on these, and return the name of its output."""
        name = f"{operation}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name]))
        return name

    def network(self, widths: Sequence[int]) -> str:
        """Add layers of these widths, with ReLU between them and softmax at their end."""
        name = "rows"
        for width, following in pairwise(widths):
            if name != "rows":
                name = self.node("Relu", name)
            matrix = self.random.standard_normal((width, following)) / np.sqrt(width)
            weights = f"weights{len(self.weights)}"
            self.weights.append(numpy_helper.from_array(matrix.astype(np.float32), weights))
            name = self.node("MatMul", name, weights)
        return self.node("Softmax", name)

    def onnx(self, result: str) -> bytes:
        """Return the model that answers with this: (n, 4) in and (n, 3) out."""
        self.nodes.append(helper.make_node("Identity", [result], ["probabilities"]))
        rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 4])
        out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])
        graph = helper.make_graph(self.nodes, "networks", [rows], [out], self.weights)
        opsets = [helper.make_opsetid("", ONNX_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return bytes(model.SerializeToString())


def network(widths: Sequence[int]) -> bytes:
    """Return the ONNX file of one network."""
    graph = Graph()
    return graph.onnx(graph.network(widths))


def ensemble(members: int, widths: Sequence[int]) -> bytes:
    """Return the ONNX file of the mean of so many networks."""
    graph = Graph()
    return graph.onnx(graph.node("Mean", *(graph.network(widths) for _ in range(members))))

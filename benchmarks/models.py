"""Models of different weight behind the same four features, for `benchmarks.inference`.

Each is an artefact for the generated project, or a loader (`MODEL_LOADER`); what they answer means
nothing, only what it costs.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

ONNX_OPSET, IR_VERSION = 18, 9


@dataclass(frozen=True)
class Served:
    """A model, the settings by which the project serves it, and how many requests are a burst."""

    name: str
    settings: Mapping[str, str]
    requests: int


def write(baked: Path) -> Iterator[Served]:
    """Every model, the light one as the project trained it."""
    trained = baked / "var" / "model"
    yield Served("logistic regression, ONNX", {}, 512)
    for name, widths, requests in (
        ("MLP of 4 MB, ONNX", [4, 1000, 1000, 3], 512),
        ("MLP of 150 MB, ONNX", [4, *[2048] * 10, 3], 64),
    ):
        folder = baked.with_name(f"model-{widths[1]}")
        write_mlp(trained, folder, widths)
        yield Served(name, {"MODEL_DIR": str(folder)}, requests)
    loader = "benchmarks.models:load_forest"
    yield Served("random forest, scikit-learn", {"MODEL_LOADER": loader}, 64)


def write_mlp(trained: Path, folder: Path, widths: Sequence[int]) -> None:
    """The artefact of a network with these widths, under the trained model's card."""
    onnx = mlp(widths)
    sha256 = hashlib.sha256(onnx).hexdigest()
    card = json.loads((trained / "card.json").read_text("utf-8"))
    card |= {"sha256": sha256, "version": sha256[:12]}
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    (folder / f"model-{sha256[:12]}.onnx").write_bytes(onnx)


def mlp(widths: Sequence[int]) -> bytes:
    """A network of random weights, with ReLU between its layers and softmax at its end."""
    random = np.random.default_rng(0)
    nodes, weights, name = [], [], "rows"
    for number, (width, following) in enumerate(pairwise(widths)):
        matrix = random.standard_normal((width, following)) / np.sqrt(width)
        weights.append(numpy_helper.from_array(matrix.astype(np.float32), f"w{number}"))
        last = number == len(widths) - 2
        product, out = f"p{number}", "probabilities" if last else f"a{number}"
        nodes.append(helper.make_node("MatMul", [name, f"w{number}"], [product]))
        nodes.append(helper.make_node("Softmax" if last else "Relu", [product], [out]))
        name = out
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", widths[0]])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", widths[-1]])
    graph = helper.make_graph(nodes, "mlp", [rows], [out], weights)
    opsets = [helper.make_opsetid("", ONNX_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    return bytes(model.SerializeToString())


class Settings(Protocol):
    """What the loader reads of the project's settings."""

    model_dir: Path


class Forest:
    """A random forest of 100 trees, as scikit-learn itself predicts with it."""

    def __init__(self, card: object) -> None:
        """Fit it, and answer with this card."""
        from sklearn.datasets import load_iris  # type: ignore[import-untyped]
        from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped]

        data = load_iris()
        self.card = card
        self.forest = RandomForestClassifier(100, random_state=0).fit(data.data, data.target)

    def predict(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Rows of shape (n, 4) to probabilities of shape (n, 3)."""
        return np.asarray(self.forest.predict_proba(rows), dtype=np.float32)

    def close(self) -> None:
        """Nothing to give back."""


def load_forest(settings: Settings) -> Forest:
    """The loader, in the generated project."""
    from app.model.artefact import read_artefact  # type: ignore[import-not-found]

    return Forest(read_artefact(settings.model_dir)[0])

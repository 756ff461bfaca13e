"""The two models: the project's own, and one that is slow for a row and faster for a batch.

The heavy one is a wide network of random weights, too large for the cache: a row waits for the
weights to be read, and a batch for what it has to calculate with them.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.measure import markdown
from benchmarks.project import FLOWER

WIDTHS = (4, 5120, 6144, 1024, 3)
BATCH = 32
CALLS = 40

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """A model's folder, as the generated service wants it, and its file, as the others do."""

    folder: Path

    @property
    def file(self) -> Path:
        """The ONNX file."""
        return next(self.folder.glob("model-*.onnx"))

    def session(self) -> onnxruntime.InferenceSession:
        """The model, as every server opens it."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(str(self.file), options, providers=providers)

    def answer(self) -> list[float]:
        """What every server must answer to `FLOWER`."""
        rows = np.array([list(FLOWER.values())], dtype=np.float32)
        answer: list[float] = infer(self.session(), rows)[0].tolist()
        return answer


def find(folder: Path, kind: str) -> Model:
    """One of those that `prepare` wrote: light or heavy."""
    return Model(folder / "models" / kind)


def light(folder: Path) -> Model:
    """The project's own model."""
    return find(folder, "light")


def infer(session: onnxruntime.InferenceSession, rows: Matrix) -> Matrix:
    """One call."""
    name = session.get_inputs()[0].name
    probabilities: Matrix = session.run(["probabilities"], {name: rows})[0]
    return probabilities


def network(widths: Sequence[int]) -> bytes:
    """A network with layers of these widths, as ONNX."""
    random, nodes, weights, tensor = np.random.default_rng(0), [], [], "rows"
    for i, (fan_in, fan_out) in enumerate(pairwise(widths)):
        matrix = random.standard_normal((fan_in, fan_out), dtype=np.float32) / fan_in**0.5
        one = np.ones(fan_out, dtype=np.float32)
        weights += [numpy_helper.from_array(matrix.astype(np.float32), f"weights{i}")]
        weights += [numpy_helper.from_array(one, f"scale{i}")]
        nodes += [
            helper.make_node("MatMul", [tensor, f"weights{i}"], [f"sum{i}"]),
            helper.make_node("LayerNormalization", [f"sum{i}", f"scale{i}"], [f"even{i}"]),
            helper.make_node("Relu", [f"even{i}"], [f"hidden{i}"]),
        ]
        tensor = f"hidden{i}"
    nodes.append(helper.make_node("Softmax", [tensor], ["probabilities"]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
        for name, width in (("rows", widths[0]), ("probabilities", widths[-1]))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], weights)
    opset = helper.make_opsetid("", 18)
    onnx: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()
    return onnx


def write(onnx: bytes, trained: Path, target: Path) -> None:
    """The network, with the card of the trained model; only the file is another."""
    sha256 = hashlib.sha256(onnx).hexdigest()
    card = json.loads((trained / "card.json").read_text())
    card |= {"name": "network", "version": sha256[:12], "sha256": sha256, "metrics": {}}
    target.mkdir(parents=True)
    (target / f"model-{sha256[:12]}.onnx").write_bytes(onnx)
    (target / "card.json").write_text(json.dumps(card))


def milliseconds(session: onnxruntime.InferenceSession, rows: int) -> float:
    """The median of some calls with so many rows."""
    matrix = np.full((rows, WIDTHS[0]), 3.0, dtype=np.float32)
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        infer(session, matrix)
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


def prepare(folder: Path, baked: Path) -> str:
    """Write the models; a table of what a call costs."""
    shutil.rmtree(folder / "models", ignore_errors=True)
    shutil.copytree(baked / "var" / "model", light(folder).folder)
    write(network(WIDTHS), light(folder).folder, find(folder, "heavy").folder)
    rows = []
    for name in ("light", "heavy"):
        model = find(folder, name)
        session = model.session()
        one, batch = milliseconds(session, 1), milliseconds(session, BATCH)
        megabytes = f"{model.file.stat().st_size / 1e6:,.1f}"
        rows.append([name, megabytes, f"{one:.3f}", f"{batch:.3f}", f"{batch / one:.1f}"])
    columns = ["model", "MB", "ms, one row", f"ms, {BATCH} rows", "in calls of one row"]
    return markdown(columns, rows)

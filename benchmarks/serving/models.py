"""The models: the project's own, and two that take milliseconds per row and gain from batches.

The heavy one is an ensemble of small networks, the wide one a network too large for the cache.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
import onnxruntime

from benchmarks import models
from benchmarks.measure import markdown
from benchmarks.project import FLOWER

BATCH = 32
CALLS = 40

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """A model's MODELS_DIR, as the generated service wants it, and its file, as the others do."""

    folder: Path

    @property
    def file(self) -> Path:
        """The ONNX file."""
        return models.current(self.folder) / "model.onnx"

    def session(self) -> onnxruntime.InferenceSession:
        """Open the model as every server opens it."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(str(self.file), options, providers=providers)

    def answer(self) -> list[float]:
        """Return what every server must answer to `FLOWER`."""
        rows = np.array([list(FLOWER.values())], dtype=np.float32)
        answer: list[float] = infer(self.session(), rows)[0].tolist()
        return answer


def find(folder: Path, kind: str) -> Model:
    """Return one of the models that `prepare` wrote: light, heavy or wide."""
    return Model(folder / "models" / kind)


def light(folder: Path) -> Model:
    """Return the project's own model."""
    return find(folder, "light")


def infer(session: onnxruntime.InferenceSession, rows: Matrix) -> Matrix:
    """Make one call."""
    name = session.get_inputs()[0].name
    probabilities: Matrix = session.run(["probabilities"], {name: rows})[0]
    return probabilities


def milliseconds(session: onnxruntime.InferenceSession, rows: int) -> float:
    """Return the median of some calls with so many rows."""
    matrix = np.full((rows, len(FLOWER)), 3.0, dtype=np.float32)
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        infer(session, matrix)
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


def prepare(folder: Path, baked: Path) -> str:
    """Write the models, and return a table of what a call costs."""
    shutil.rmtree(folder / "models", ignore_errors=True)
    trained = light(folder).folder
    shutil.copytree(baked / "var" / "models", trained)
    heavy = models.ensemble(models.MEMBERS, models.MEMBER)
    models.write(heavy, trained, find(folder, "heavy").folder)
    models.write(models.network(models.WIDE), trained, find(folder, "wide").folder)
    rows = []
    for name in ("light", "heavy", "wide"):
        model = find(folder, name)
        session = model.session()
        one, batch = milliseconds(session, 1), milliseconds(session, BATCH)
        megabytes = f"{model.file.stat().st_size / 1e6:,.1f}"
        rows.append([name, megabytes, f"{one:.3f}", f"{batch:.3f}", f"{batch / one:.1f}"])
    columns = ["model", "MB", "ms, one row", f"ms, {BATCH} rows", "in calls of one row"]
    return markdown(columns, rows)

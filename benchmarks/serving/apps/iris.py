"""What every alternative shares: the request, the answer and the model, none of it a framework's.

`MODEL_ONNX` names the model's file; the generated service reads the same bytes.
"""

import os
from functools import cache
from typing import Annotated

import numpy as np
import numpy.typing as npt
import onnxruntime
from pydantic import BaseModel, ConfigDict, Field

LABELS = ("setosa", "versicolor", "virginica")

Matrix = npt.NDArray[np.float32]
Centimetres = Annotated[float, Field(gt=0, le=30, strict=True, allow_inf_nan=False)]


class Features(BaseModel):
    """The four lengths of a flower, as the generated service takes them."""

    model_config = ConfigDict(extra="forbid")

    sepal_length_cm: Centimetres
    sepal_width_cm: Centimetres
    petal_length_cm: Centimetres
    petal_width_cm: Centimetres

    def row(self) -> Matrix:
        """Return the values in the model's order; shape (4,)."""
        values = (
            self.sepal_length_cm,
            self.sepal_width_cm,
            self.petal_length_cm,
            self.petal_width_cm,
        )
        return np.array(values, dtype=np.float32)


class Prediction(BaseModel):
    """What the model says."""

    label: str
    probabilities: dict[str, float]


@cache
def session() -> onnxruntime.InferenceSession:
    """Open the model in ONNX Runtime, with one thread per inference; once in a process."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        os.environ["MODEL_ONNX"], options, providers=["CPUExecutionProvider"]
    )


def infer(rows: Matrix) -> Matrix:
    """Return probabilities of shape (n, 3) for rows of shape (n, 4)."""
    model = session()
    probabilities: Matrix = model.run(["probabilities"], {model.get_inputs()[0].name: rows})[0]
    return probabilities


def answer(row: Matrix) -> Prediction:
    """Name the probabilities of one flower."""
    named = dict(zip(LABELS, row.tolist(), strict=True))
    return Prediction(label=LABELS[int(row.argmax())], probabilities=named)


def predict(features: Features) -> Prediction:
    """Return the answer for one flower's features."""
    return answer(infer(features.row()[None])[0])

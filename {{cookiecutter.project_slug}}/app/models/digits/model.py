"""The model: a graph that takes pixels, and a class that makes them from the uploaded file."""

from collections.abc import Sequence

import numpy as np

from app.models.digits.features import Drawing
from app.models.digits.picture import Ink, as_pixels
from app.serving.answers import Classification
from app.serving.onnx import OnnxModel


class DigitModel(OnnxModel[Drawing, Classification]):
    """The ready-made model, with inputs of its own."""

    def inputs(self, rows: Sequence[Drawing]) -> dict[str, Ink]:
        """Return the graph's only input: floats of shape (rows, 64)."""
        return {"pixels": np.stack([as_pixels(row.image) for row in rows])}

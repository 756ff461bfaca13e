"""Train the model, measure it, write its artefact: `python -m app.models train` calls `train`.

It is trained on files, as clients send them, so that training and serving both go through
`picture.py`. The data is that of Alpaydin and Kaynak (1998).
"""

from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from app.models.digits.picture import Ink, as_pixels
from app.serving.artefact import write_artefact
from app.serving.card import ModelCard, ModelFacts
from app.serving.onnx import MODEL_FILE
from app.serving.training import graph_bytes, shares

Labels = npt.NDArray[np.int_]


def train(folder: Path) -> ModelCard:
    """Train on three quarters of the digits, measure on the rest, write the artefact."""
    data = load_digits()
    pixels = np.stack([as_pixels(as_png(image)) for image in data.images])
    seen, held_out, digits, held_out_digits = train_test_split(
        pixels, data.target, stratify=data.target, random_state=0
    )
    network = MLPClassifier(64, alpha=0.01, learning_rate_init=0.005, random_state=0)
    network.fit(seen, digits)
    facts = ModelFacts(
        kind="Classification",
        metrics=measure(network, held_out, held_out_digits),
        answers=shares(digits),
        labels=[str(label) for label in network.classes_],
        libraries={name: version(name) for name in ("scikit-learn", "skl2onnx", "onnx")},
    )
    return write_artefact(folder, {MODEL_FILE: to_onnx_bytes(network)}, facts)


def as_png(image: npt.NDArray[np.float64]) -> bytes:
    """Return one of the images, of shape (8, 8) and from 0 to 16, as a file: white on black."""
    file = BytesIO()
    Image.fromarray(np.uint8(image * 255 / 16)).save(file, "png")
    return file.getvalue()


def to_onnx_bytes(network: MLPClassifier) -> bytes:
    """Convert a fitted network to ONNX: `pixels` (n, 64) to `probabilities` (n, 10)."""
    inputs = [("pixels", FloatTensorType([None, network.n_features_in_]))]
    options = {"zipmap": False}  # it would turn the probabilities into a list of dicts
    graph = to_onnx(network, initial_types=inputs, options=options, target_opset=18)
    return graph_bytes(graph)


def measure(network: MLPClassifier, pixels: Ink, digits: Labels) -> dict[str, float]:
    """Measure how well the network does on digits that it has not seen."""
    probabilities = network.predict_proba(pixels)
    return {
        "accuracy": round(float(accuracy_score(digits, probabilities.argmax(axis=1))), 4),
        "log_loss": round(float(log_loss(digits, probabilities)), 4),
        "held_out_rows": float(len(pixels)),
    }

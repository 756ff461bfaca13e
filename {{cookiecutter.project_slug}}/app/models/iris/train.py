"""Train the model, measure it, write its artefact: `python -m app.models train` calls `train`.

Only this module needs scikit-learn; serving does not. For a model of your own: docs/own-model.md.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from app.models.iris.features import Features
from app.serving.artefact import write_artefact
from app.serving.card import ModelCard, ModelFacts
from app.serving.onnx import MODEL_FILE
from app.serving.training import features_seen, shares


def train(folder: Path) -> ModelCard:
    """Train on three quarters of Fisher's iris data, measure on the rest, write the artefact."""
    data = load_iris()
    seen, held_out, seen_labels, held_out_labels = train_test_split(
        data.data, data.target, test_size=0.25, stratify=data.target, random_state=0
    )
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(seen, seen_labels)
    facts = ModelFacts(
        kind="Classification",
        metrics=measure(pipeline, held_out, held_out_labels),
        features=features_seen(Features, seen),
        answers=shares(data.target_names[label] for label in seen_labels),
        labels=[str(label) for label in data.target_names],
        libraries={name: version(name) for name in ("scikit-learn", "skl2onnx", "onnx")},
    )
    return write_artefact(folder, {MODEL_FILE: to_onnx_bytes(pipeline, seen.shape[1])}, facts)


def to_onnx_bytes(pipeline: Pipeline, columns: int) -> bytes:
    """Convert a fitted pipeline to ONNX: float32 (n, columns) to `probabilities` (n, labels)."""
    example = np.zeros((1, columns), dtype=np.float32)
    options = {"zipmap": False}  # it would turn the probabilities into a list of dicts
    model = to_onnx(pipeline, example, options=options, target_opset=18)
    return bytes(model.SerializeToString())


def measure(
    pipeline: Pipeline, rows: npt.NDArray[np.float64], labels: npt.NDArray[np.int_]
) -> dict[str, float]:
    """Measure how well the pipeline does on rows that it has not seen, of shape (n, features)."""
    probabilities = pipeline.predict_proba(rows)
    return {
        "accuracy": round(float(accuracy_score(labels, probabilities.argmax(axis=1))), 4),
        "log_loss": round(float(log_loss(labels, probabilities)), 4),
        "held_out_rows": float(len(rows)),
    }

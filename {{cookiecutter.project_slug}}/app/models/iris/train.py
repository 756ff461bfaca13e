"""`python -m app.models.iris.train`: train the model, measure it, write its artefact.

Only this module needs scikit-learn; serving does not. For a model of your own: docs/own-model.md.
"""

import argparse
import sys
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

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.models.iris.features import Features
from app.serving.artefact import FeatureRange, ModelCard, ModelFacts, write_artefact
from app.serving.opening import units
from app.serving.settings import ModelSettings


def train(folder: Path) -> ModelCard:
    """Train on three quarters of Fisher's iris data, measure on the rest, write the artefact."""
    data = load_iris()
    split = train_test_split(
        data.data, data.target, test_size=0.25, stratify=data.target, random_state=0
    )
    seen, held_out, seen_labels, held_out_labels = split
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(seen, seen_labels)
    facts = ModelFacts(
        name="iris-species",
        metrics=measure(pipeline, held_out, held_out_labels),
        features=ranges(seen),
        labels=[str(label) for label in data.target_names],
        libraries={name: version(name) for name in ("scikit-learn", "skl2onnx", "onnx")},
    )
    return write_artefact(folder, to_onnx_bytes(pipeline, columns=seen.shape[1]), facts)


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


def ranges(rows: npt.NDArray[np.float64]) -> list[FeatureRange]:
    """Return each feature's range in the training data; rows of shape (n, features)."""
    fields = units(Features)
    if len(fields) != rows.shape[1]:
        raise StartError(
            f"app/models/iris/features.py names {len(fields)} features, and the training data has "
            f"{rows.shape[1]} columns: they must be the same, in the same order."
        )
    return [
        FeatureRange(name=name, unit=unit, minimum=column.min(), maximum=column.max())
        for (name, unit), column in zip(fields.items(), rows.T, strict=True)
    ]


def main() -> None:
    """Train, and print the result."""
    parser = argparse.ArgumentParser(prog="python -m app.models.iris.train", description=__doc__)
    parser.add_argument(
        "--out", type=Path, help="the folder for the artefact (default: the setting MODEL_DIR)"
    )
    try:
        folder = parser.parse_args().out or load_settings(ModelSettings).model_dir
        card = train(folder)
    except StartError as error:
        sys.exit(str(error))
    print(f"{card.name} {card.version} is in {folder}")
    for metric, value in card.metrics.items():
        print(f"  {metric:<14} {value:g}")


if __name__ == "__main__":
    main()

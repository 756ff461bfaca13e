"""Fit a line, measure how far off it is, write both: `python -m app.models train` calls `train`.

The interval is that of split conformal prediction: the errors on patients who were not fitted say
how far off the next one may be, whatever the model and the distribution of its errors.
"""

import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
from skl2onnx import to_onnx
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

from app.models.diabetes.features import Patient
from app.serving.artefact import write_artefact
from app.serving.card import ModelCard, ModelFacts
from app.serving.onnx import MODEL_FILE
from app.serving.training import bins, features_seen, graph_bytes

COVERAGE = 0.9  # the share of patients whose truth should be in the interval

Rows = npt.NDArray[np.float64]


def train(folder: Path) -> ModelCard:
    """Fit half of the patients, calibrate on a quarter, measure on the rest; write the artefact."""
    data = load_diabetes(scaled=False)
    known, held_out, known_truth, held_out_truth = train_test_split(
        data.data, data.target, test_size=0.25, random_state=0
    )
    seen, others, truth, others_truth = train_test_split(
        known, known_truth, test_size=1 / 3, random_state=0
    )
    line = LinearRegression().fit(seen, truth)
    model = with_interval(line, margin(np.abs(others_truth - line.predict(others))))
    facts = ModelFacts(
        kind="Progression",
        metrics=measure(model, held_out, held_out_truth),
        features=features_seen(Patient, seen),
        answers=bins(truth),
        libraries={name: version(name) for name in ("scikit-learn", "skl2onnx", "onnx")},
    )
    return write_artefact(folder, {MODEL_FILE: to_onnx_bytes(model)}, facts)


def margin(errors: Rows) -> float:
    """Return the error that COVERAGE of all patients stay below, the next one included."""
    rank = math.ceil((len(errors) + 1) * COVERAGE)
    return float(np.sort(errors)[rank - 1])


def with_interval(line: LinearRegression, margin: float) -> LinearRegression:
    """Return a line with three outputs, (value, low, high), which differ in their intercepts."""
    model = LinearRegression()
    model.coef_ = np.tile(line.coef_, (3, 1))
    model.intercept_ = line.intercept_ + np.array([0, -margin, margin])
    model.n_features_in_ = line.n_features_in_
    return model


def to_onnx_bytes(model: LinearRegression) -> bytes:
    """Convert the line to ONNX: float32 (n, features) to (n, 3)."""
    example = np.zeros((1, model.n_features_in_), dtype=np.float32)
    return graph_bytes(to_onnx(model, example, target_opset=18))


def measure(model: LinearRegression, rows: Rows, truth: Rows) -> dict[str, float]:
    """Measure on patients that the model has not seen, rows of shape (n, features)."""
    value, low, high = model.predict(rows).T
    return {
        "r2": round(float(r2_score(truth, value)), 4),
        "mean_absolute_error": round(float(mean_absolute_error(truth, value)), 4),
        "coverage": round(float(np.mean((low <= truth) & (truth <= high))), 4),
        "interval_width": round(float(np.mean(high - low)), 4),
        "held_out_rows": float(len(rows)),
    }

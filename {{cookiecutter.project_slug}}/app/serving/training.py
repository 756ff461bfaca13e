"""What trainings have in common: what they saw of each feature, and the command that runs them."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.serving.artefact import remove_versions
from app.serving.card import FeatureRange, ModelCard
from app.serving.checks import units_of
from app.serving.examples import place_of
from app.serving.settings import ModelSettings


def ranges(
    features: type[BaseModel], rows: "np.ndarray[tuple[Any, ...], np.dtype[Any]]"
) -> list[FeatureRange]:
    """Return each feature's range in the training data: rows of shape (n, features)."""
    units, rows = units_of(features), np.asarray(rows, dtype=np.float64)  # a DataFrame, perhaps
    if len(units) != rows.shape[1]:
        raise StartError(
            f"{place_of(features)} names {len(units)} features, and the training data has "
            f"{rows.shape[1]} columns: they must be the same, in the same order."
        )
    return [
        FeatureRange(
            name=name,
            unit=unit,
            minimum=np.nanmin(column),
            maximum=np.nanmax(column),
            missing=float(np.isnan(column).mean()),
        )
        for (name, unit), column in zip(units.items(), rows.T, strict=True)
    ]


def graph_bytes(graph: Any) -> bytes:  # noqa: ANN401
    """Return an ONNX graph as bytes, the same each time: skl2onnx orders its domains by chance."""
    graph.opset_import.sort(key=lambda used: used.domain)
    return bytes(graph.SerializeToString(deterministic=True))


def run_training(name: str, train: Callable[[Path], ModelCard]) -> None:
    """Train into a model's folder, as a command, and print the result."""
    parser = argparse.ArgumentParser(
        prog=f"python -m app.models.{name}.train",
        description=f"Train the model {name}, measure it, write its artefact.",
    )
    parser.add_argument(
        "--out", type=Path, help="the model's folder (default: its own one in MODELS_DIR)"
    )
    try:
        settings = load_settings(ModelSettings)
        folder = parser.parse_args().out or settings.models_dir / name
        card = train(folder)
        remove_versions(folder, settings.model_keep)
    except StartError as error:
        sys.exit(str(error))
    print(f"{card.name} {card.version} is in {folder}")
    for metric, value in card.metrics.items():
        print(f"  {metric:<14} {value:g}")

"""What trainings have in common: what they saw of each feature, and the command that runs them."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel

from app.kit.settings import load_settings
from app.kit.start import StartError
from app.serving.artefact import remove_versions
from app.serving.card import Bins, FeatureRange, ModelCard, as_category
from app.serving.checks import units_of
from app.serving.examples import place_of
from app.serving.settings import ModelSettings

Values: TypeAlias = "np.ndarray[tuple[Any, ...], np.dtype[Any]]"


def ranges(features: type[BaseModel], rows: Values) -> list[FeatureRange]:
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
            bins=bins(column),
        )
        for (name, unit), column in zip(units.items(), rows.T, strict=True)
    ]


def bins(values: Values) -> Bins:
    """Return how often the numbers of a column are where; NaN, a missing one, is left out."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(numbers, np.arange(1, 10) / 10))
    counts = np.bincount(np.searchsorted(edges, numbers, "right"), minlength=len(edges) + 1)
    return Bins(edges=edges.tolist(), shares=(counts / len(numbers)).tolist())


def shares(values: Iterable[object]) -> dict[str, float]:
    """Return how often each value of a column is there; None, a missing one, is left out."""
    counts = Counter(as_category(value) for value in values if value is not None)
    return {value: count / counts.total() for value, count in sorted(counts.items())}


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

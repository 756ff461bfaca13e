"""What trainings have in common: the facts about what they saw, and a graph that is repeatable."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel

from app.kit.start import StartError
from app.serving.card import Bins, FeatureRange, as_category
from app.serving.checks import units_of
from app.serving.examples import place_of

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
    """Return how the numbers of a column are distributed; NaN, a missing one, is left out."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(numbers, np.arange(1, 10) / 10))
    counts = np.bincount(np.searchsorted(edges, numbers, "right"), minlength=len(edges) + 1)
    return Bins(edges=edges.tolist(), shares=(counts / len(numbers)).tolist())


def shares(values: Iterable[object]) -> dict[str, float]:
    """Return the share of each value of a column; None, a missing one, is left out."""
    counts = Counter(as_category(value) for value in values if value is not None)
    return {value: count / counts.total() for value, count in sorted(counts.items())}


def graph_bytes(graph: Any) -> bytes:  # noqa: ANN401
    """Return an ONNX graph as bytes, the same each time: skl2onnx's order of domains varies."""
    graph.opset_import.sort(key=lambda used: used.domain)
    return bytes(graph.SerializeToString(deterministic=True))

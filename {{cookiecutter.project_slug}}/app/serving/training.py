"""What trainings have in common: what they saw of each feature."""

from typing import Any

import numpy as np
from pydantic import BaseModel

from app.kit.start import StartError
from app.serving.card import FeatureRange
from app.serving.checks import units_of
from app.serving.examples import place_of


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

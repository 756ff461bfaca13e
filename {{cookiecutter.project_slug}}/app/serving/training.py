"""What trainings have in common: the facts about what they saw, and a graph that is repeatable."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from pydantic import BaseModel

from app.kit.start import StartError
from app.serving.card import (
    Bins,
    FeatureCategories,
    FeatureOther,
    FeatureRange,
    FeatureSeen,
    as_category,
)
from app.serving.checks import units_of
from app.serving.examples import key_of, place_of

Values: TypeAlias = "np.ndarray[tuple[Any, ...], np.dtype[Any]]"

MOST_CATEGORIES = 100  # a column with more of them is a text


def features_seen(features: type[BaseModel], rows: Any) -> list[FeatureSeen]:  # noqa: ANN401
    """Return what training saw of each feature: rows is a DataFrame, or an array (n, features).

    Raise StartError if its columns are not the features, in their order.
    """
    units, place = units_of(features), place_of(features)
    keys = [key_of(name, field) for name, field in features.model_fields.items()]
    if hasattr(rows, "columns"):
        found = list(rows.columns)
        if found not in (list(units), keys):
            others = [name for name in found if name not in units] or "no others"
            lacking = [name for name in units if name not in found] or "none"
            raise StartError(
                f"The columns of the training data must be the features of {place}, in the same "
                f"order: {', '.join(units)}. It has {others}, and lacks {lacking}."
            )
        columns = [np.asarray(rows[name]) for name in found]
    else:
        columns = list(np.asarray(rows).T)
    if len(units) != len(columns):
        raise StartError(
            f"{place} names {len(units)} features, and the training data has {len(columns)} "
            "columns: they must be the same, in the same order."
        )
    return [
        column_seen(name, unit, column.tolist())
        for (name, unit), column in zip(units.items(), columns, strict=True)
    ]


def column_seen(name: str, unit: str | None, values: Sequence[object]) -> FeatureSeen:
    """Return what training saw of a feature: a range, categories, or only what was missing."""
    if not values:
        raise StartError(f"The training data has no rows: nothing is known of {name}.")
    there = [value for value in values if not is_missing(value)]
    missing = (len(values) - len(there)) / len(values)
    if there and all(isinstance(value, str | bool) for value in there):
        found = shares(there)
        if len(found) <= MOST_CATEGORIES:
            return FeatureCategories(name=name, categories=[*found], missing=missing, shares=found)
    elif there and all(isinstance(value, Real) for value in there):
        numbers = np.array(there, dtype=np.float64)
        low, high = float(numbers.min()), float(numbers.max())
        if math.isinf(high - low):
            raise StartError(f"The training data has an infinite {name}: no client can send that.")
        return FeatureRange(
            name=name, unit=unit, minimum=low, maximum=high, missing=missing, bins=bins(numbers)
        )
    return FeatureOther(name=name, missing=missing)


def is_missing(value: object) -> bool:
    """Return whether it is None, "", or NaN or pandas.NA, which are not equal to themselves."""
    return value is None or value == "" or str(value == value) in ("False", "<NA>")


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

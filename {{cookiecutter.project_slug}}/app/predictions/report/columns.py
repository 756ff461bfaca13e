"""The counts for a column, a page of rows at a time, in memory that does not grow with them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.predictions.report.schemas import ColumnReport, Part
from app.serving.card import Bins, as_category
from app.serving.unseen import LARGEST

FLOOR = 1e-4  # for the share of a bin that is empty: a PSI has a logarithm in it
MOST_VALUES = 50  # that a category may have and still be counted; a text has more
OTHER = "(other)"
SAMPLE = 10_000
QUANTILES = {"5%": 0.05, "25%": 0.25, "50%": 0.5, "75%": 0.75, "95%": 0.95}

Numbers = npt.NDArray[np.float64]


def psi(shares: Sequence[float], training: Sequence[float]) -> float:
    """Return the population stability index: the sum of (a - t) * ln(a / t) over all parts."""
    now, then = np.maximum(shares, FLOOR), np.maximum(training, FLOOR)
    return float(np.sum((now - then) * np.log(now / then)))


def is_number(value: object) -> bool:
    """Return whether a value is a number that can be calculated with; true and false are not."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= LARGEST


class Sample:
    """Numbers, of which no more than SAMPLE are kept, chosen at random: enough for quantiles."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._lots = self.numbers = np.empty(0)

    def add(self, numbers: Numbers) -> None:
        """Draw a lot for each number, and keep the lowest."""
        self.numbers = np.concatenate([self.numbers, numbers])
        self._lots = np.concatenate([self._lots, self._random.random(len(numbers))])
        if len(self._lots) > SAMPLE:
            kept = np.argpartition(self._lots, SAMPLE)[:SAMPLE]
            self._lots, self.numbers = self._lots[kept], self.numbers[kept]

    def quantiles(self) -> dict[str, float] | None:
        """Return them by name; None if there were no numbers."""
        if not len(self.numbers):
            return None
        found = np.quantile(self.numbers, list(QUANTILES.values())).tolist()
        return dict(zip(QUANTILES, found, strict=True))


class Column:
    """A feature or the answer: its values, counted by what training saw."""

    def __init__(
        self, name: str, training: Bins | dict[str, float] | None, *, category: bool = False
    ) -> None:
        self.name = name
        self.rows = self.missing = self.outside = 0
        self._training = training
        self._category = category or isinstance(training, dict)
        self._edges = training.edges if isinstance(training, Bins) else []
        self._counts = np.zeros(len(self._edges) + 1, dtype=np.int64)
        self._texts: Counter[str] = Counter()
        self._sample = Sample()

    def add(self, values: Sequence[Any]) -> None:
        """Count values; a list or an object counts only as a row."""
        found: list[float] = []
        for value in values:
            if value is None:
                self.missing += 1
            elif is_number(value) and not self._category:
                found.append(value)
            elif isinstance(value, str | bool | int | float):
                self._count(as_category(value))
        self.rows += len(values)
        numbers = np.array(found, dtype=np.float64)
        places = np.searchsorted(self._edges, numbers, "right")
        self._counts += np.bincount(places, minlength=len(self._counts))
        self._sample.add(numbers)

    def report(self) -> ColumnReport:
        """Return what was counted."""
        parts = self._bins() if self._edges else self._categories()
        comparable = bool(parts) and all(part.training is not None for part in parts)
        now, then = [part.share for part in parts], [part.training or 0 for part in parts]
        return ColumnReport(
            name=self.name,
            rows=self.rows,
            missing=self.missing / self.rows,
            outside=self.outside / self.rows,
            psi=psi(now, then) if comparable else None,
            parts=parts,
            edges=self._edges if parts else [],
            quantiles=self._sample.quantiles(),
        )

    def _count(self, text: str) -> None:
        if text not in self._texts and len(self._texts) >= MOST_VALUES:
            text = OTHER
        self._texts[text] += 1

    def _bins(self) -> list[Part]:
        """Return training's bins with the record's shares; none if there were no numbers."""
        total, edges = self._counts.sum(), [f"{edge:.4g}" for edge in self._edges]
        names = [f"< {edges[0]}", *map("{} to {}".format, edges, edges[1:]), f"≥ {edges[-1]}"]
        training = self._training.shares if isinstance(self._training, Bins) else []
        counted = zip(names, self._counts.tolist(), training, strict=True)
        return [Part(name=n, share=c / total, training=t) for n, c, t in counted if total]

    def _categories(self) -> list[Part]:
        """Return training's values and those that were counted, the most frequent first."""
        training = self._training if isinstance(self._training, dict) else None
        total = self._texts.total()
        if not total or (training is None and OTHER in self._texts):
            return []
        names = sorted({*self._texts, *(training or {})}, key=lambda n: (-self._texts[n], n))
        then = training and (lambda name: training.get(name, 0.0))
        return [
            Part(name=n, share=self._texts[n] / total, training=then(n) if then else None)
            for n in names
        ]

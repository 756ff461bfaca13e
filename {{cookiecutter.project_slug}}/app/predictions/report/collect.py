"""How a report is made: the record is read a page at a time, newest first, and counted."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from app.predictions.report.columns import Column, is_number
from app.predictions.report.schemas import Report, VersionReport
from app.predictions.sql import BEYOND_THE_NEWEST, SqlPredictionStore, read_object
from app.serving.artefact import ArtefactError, read_card
from app.serving.card import FeatureCategories, FeatureRange, ModelCard
from app.serving.served import Served
from app.serving.settings import ModelSettings
from app.storage.connection import Row
from app.storage.store import reads
from app.storage.thread import Storage

SCAN = """
SELECT seq, COALESCE({now} - created_at, 0), body, outcome FROM predictions
WHERE model = :model AND seq < :before ORDER BY seq DESC LIMIT :limit
"""
ROWS_AT_ONCE = 500  # others wait while they are read
DAY = 86_400.0


class RecordReader(SqlPredictionStore):
    """The record, read from end to end."""

    @reads
    def scan(self, model: str, before: int) -> list[Row]:
        """Return the next rows, newest first: `seq`, age in seconds, body and outcome."""
        values = {"model": model, "before": before, "limit": ROWS_AT_ONCE}
        return self.connection.execute(SCAN, **values)


class Warned(BaseModel):
    """A value that training never saw."""

    name: str
    value: Any = None


class Kept(BaseModel):
    """A stored prediction; the fields of its answer are extra."""

    model_config = ConfigDict(extra="allow")

    model_version: str
    created_at: datetime
    features: dict[str, Any]
    warnings: list[Warned]
    outcome: dict[str, Any] | None = None  # kept beside what was stored

    def answered(self, field: str) -> Any:  # noqa: ANN401
        """Return a field of the answer; None if it had no such field."""
        return (self.model_extra or {}).get(field)


class Version:
    """The counts for one version of a model."""

    def __init__(self, served: Served[Any, Any], version: str, card: ModelCard | None) -> None:
        self._served, self._version, self._card = served, version, card
        self._rows = self._outcomes = self._right = self._labels = 0
        self._errors, self._numbers = [0.0, 0.0], 0
        self._field = served.answer.outcome_field
        self._answer = Column(self._field or "", card.answers if card else None)
        self._seen = {feature.name: feature for feature in card.features} if card else {}
        self._features: dict[str, Column] = {}
        self._first_at = self._last_at = datetime.now(UTC)

    def add(self, rows: Sequence[Kept]) -> None:
        """Count rows; they must be older than those that were counted before."""
        self._last_at = self._last_at if self._rows else rows[0].created_at
        self._first_at = rows[-1].created_at
        self._rows += len(rows)
        for name in dict.fromkeys(name for row in rows for name in row.features):
            if name not in self._features:
                self._features[name] = self._column(name)
            values = [row.features[name] for row in rows if name in row.features]
            self._features[name].add(values)
        for warned in (warned for row in rows for warned in row.warnings):
            if warned.value is not None and warned.name in self._features:
                self._features[warned.name].outside += 1
        if self._field:
            self._answer.add([row.answered(self._field) for row in rows])
        for row in rows:
            self._compare(row)

    def _column(self, name: str) -> Column:
        seen = self._seen.get(name)
        if isinstance(seen, FeatureCategories):
            return Column(name, seen.shares, category=True)
        return Column(name, seen.bins if isinstance(seen, FeatureRange) else None)

    def _compare(self, row: Kept) -> None:
        """Count whether the answer was right, or how far it was from the truth."""
        self._outcomes += row.outcome is not None
        if not self._field or self._field not in (row.outcome or {}):
            return
        answered, truth = row.answered(self._field), (row.outcome or {})[self._field]
        if is_number(answered) and is_number(truth):
            self._numbers += 1
            self._errors[0] += abs(answered - truth)
            self._errors[1] += (answered - truth) ** 2
        else:
            self._labels += 1
            self._right += answered == truth

    def report(self) -> VersionReport:
        """Return what was counted."""
        numbers = self._numbers
        features = [column.report() for column in self._features.values()]
        answer = self._answer.report() if self._field else None
        return VersionReport(
            model=self._served.name,
            version=self._version,
            rows=self._rows,
            first_at=self._first_at,
            last_at=self._last_at,
            outcomes=self._outcomes,
            accuracy=self._right / self._labels if self._labels else None,
            mae=self._errors[0] / numbers if numbers else None,
            rmse=math.sqrt(self._errors[1] / numbers) if numbers else None,
            trained=self._card.metrics if self._card else {},
            answer=answer,
            features=features,
            notes=list(self._notes([*features, *([answer] if answer else [])])),
        )

    def _notes(self, columns: Sequence[Any]) -> Iterator[str]:
        """Yield what is not known, and why."""
        if not self._field:
            yield "The answer's class names no outcome_field: no answer is compared with the truth."
        without = [column.name for column in columns if column.psi is None]
        if not self._card:
            yield "The card of this version is gone, and with it the shares in training: no PSI."
        elif without:
            yield f"The card has no shares in training for {', '.join(without)}: no PSI."


def make_report(
    storage: Storage,
    models: Sequence[Served[Any, Any]],
    settings: ModelSettings,
    days: float | None = None,
    after_page: Callable[[], None] = lambda: None,
) -> Report:
    """Count the record of these models; call `after_page`, which may raise, after each page."""
    reader, versions = RecordReader(storage), dict[tuple[str, str], Version]()
    for served in models:
        for rows in pages(reader, served.name, days):
            for name in dict.fromkeys(row.model_version for row in rows):
                if (served.name, name) not in versions:
                    card = find_card(served, settings, name)
                    versions[served.name, name] = Version(served, name, card)
                versions[served.name, name].add([r for r in rows if r.model_version == name])
            after_page()
    found = [version.report() for version in versions.values()]
    return Report(made_at=datetime.now(UTC), days=days, versions=found)


def pages(reader: RecordReader, model: str, days: float | None) -> Iterator[list[Kept]]:
    """Yield the rows of a model that are not too old, newest first."""
    oldest, before = math.inf if days is None else days * DAY, BEYOND_THE_NEWEST
    while rows := reader.scan.sync(model, before):
        before = rows[-1][0]
        young = [(body, outcome) for _, age, body, outcome in rows if age <= oldest]
        yield [row for pair in young for row in read(*pair)]
        if len(young) < len(rows):
            return


def read(body: str, outcome: str | None) -> Iterator[Kept]:
    """Yield a row, unless it is damaged."""
    try:
        row = Kept.model_validate_json(body)
    except ValidationError:
        return
    row.outcome = read_object(outcome) if outcome else None
    yield row


def find_card(served: Served[Any, Any], settings: ModelSettings, version: str) -> ModelCard | None:
    """Return the card of a version, if it is still there."""
    if served.card and served.card.version == version:
        return served.card
    try:
        return read_card(settings.models_dir / served.name, version)
    except ArtefactError:
        return None

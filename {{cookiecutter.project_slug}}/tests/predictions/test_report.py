"""The report, against numbers that were calculated by hand."""

import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.main import create_app
from app.predictions.report import columns
from app.predictions.report.__main__ import lines, main
from app.predictions.report.collect import RecordReader, find_card, make_report, pages
from app.predictions.report.columns import OTHER, Column, psi
from app.predictions.report.page import bars as plot_of
from app.predictions.report.page import draw
from app.predictions.report.schemas import ColumnReport, Part, Report, VersionReport
from app.predictions.schemas import schemas_of
from app.predictions.sql import SqlPredictionStore
from app.serving.answers import Answer, Classification, Embedding, Regression
from app.serving.artefact import Artefact, write_artefact
from app.serving.card import Bins, FeatureCategories, FeatureRange, ModelCard, ModelFacts
from app.serving.served import Served
from app.serving.settings import ModelSettings
from app.serving.training import bins, shares
from app.serving.unseen import unseen
from app.settings import Settings
from tests.conftest import LOCAL, ROOT
from tests.fakes import FLOWER
from tests.storage.helpers import Direct, opened


class House(BaseModel):
    """What is asked of every model here."""

    rooms: float | None = None
    town: str = "Uppsala"
    tags: list[str] = []


def card(name: str, **more: Any) -> ModelCard:  # noqa: ANN401
    """Return a card whose training saw half of the houses below three rooms."""
    return ModelCard(
        name=name,
        version="111111111111",
        files={},
        trained_at=datetime(2026, 1, 1, tzinfo=UTC),
        features=[
            FeatureRange(
                name="rooms", minimum=1, maximum=9, bins=Bins(edges=[3], shares=[0.5, 0.5])
            ),
            FeatureCategories(
                name="town", categories=["Lund", "Uppsala"], shares={"Lund": 0.75, "Uppsala": 0.25}
            ),
            FeatureRange(name="tags", minimum=0, maximum=0),
        ],
        **more,
    )


class Never:
    """A model that is not asked."""

    def __init__(self, _: Artefact) -> None:
        """Need no artefact."""

    def predict(self, rows: Any) -> Any:  # noqa: ANN401
        """Fail."""
        raise NotImplementedError


def served(answer: type[Answer], name: str = "house", **more: Any) -> Served[Any, Any]:  # noqa: ANN401
    """Return a model with this answer."""
    return Served(name, House, answer, Never, card(name, **more))


PRICE = served(Regression, answers=Bins(edges=[10, 20], shares=[0.25, 0.5, 0.25]))
KIND = served(Classification, answers={"flat": 0.5, "villa": 0.5}, metrics={"accuracy": 0.9})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlPredictionStore]:
    with opened(tmp_path / "app.sqlite3") as storage:
        yield SqlPredictionStore(storage)


def keep(
    store: SqlPredictionStore,
    model: Served[Any, Any],
    answer: Answer,
    outcome: object = None,
    version: str = "111111111111",
    **features: Any,  # noqa: ANN401
) -> None:
    """Store a prediction, and what turned out to be true."""
    asked = House.model_construct(**House().model_dump() | features)
    assert model.card
    stored = schemas_of(model).stored(
        id=uuid4(),
        created_at=datetime.now(UTC),
        features=asked.model_dump(mode="json"),
        model_version=version,
        warnings=list(unseen(model.card, asked)),
        **vars(answer),
    )
    store.add.sync(stored)
    if outcome is not None:
        store.set_outcome.sync(model.name, stored.id, json.dumps(outcome))


def label(name: str) -> Classification:
    return Classification(label=name, probabilities={"flat": 0.5, "villa": 0.5})


def report_of(store: SqlPredictionStore, model: Served[Any, Any], **more: Any) -> VersionReport:  # noqa: ANN401
    """Return the report of a model with one version."""
    (version,) = make_report(store.storage, [model], ModelSettings(), **more).versions
    return version


# by hand: (0.5 - 0.25) ln(0.5 / 0.25) + (0.5 - 0.75) ln(0.5 / 0.75), and so on
@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        ([0.5, 0.5], [0.25, 0.75], 0.274653),
        ([0.3, 0.3, 0.4], [0.3, 0.3, 0.4], 0.0),
        ([0.1, 0.2, 0.7], [0.2, 0.3, 0.5], 0.177156),
        ([1.0, 0.0], [0.5, 0.5], 4.604318),  # an empty bin counts as 0.0001
        ([0.5, 0.5], [0.0, 1.0], 4.604318),
    ],
)
def test_a_psi_is_what_it_is_by_hand(now: list[float], then: list[float], expected: float) -> None:
    assert psi(now, then) == pytest.approx(expected, abs=1e-6)


def test_the_bins_of_training() -> None:
    ten = bins(np.arange(1.0, 11.0))
    assert ten.edges == pytest.approx([1.9, 2.8, 3.7, 4.6, 5.5, 6.4, 7.3, 8.2, 9.1])
    assert ten.shares == [0.1] * 10
    tied = np.array([0.0] * 15 + [1.0] * 5 + [math.nan])  # most deciles are the same
    assert bins(tied) == Bins(edges=[0, 1], shares=[0, 0.75, 0.25])
    assert shares(["b", True, "b", None, 2]) == {"2": 0.25, "b": 0.5, "true": 0.25}


@pytest.mark.parametrize(("edges", "parts"), [([1], [1]), ([2, 1], [0, 0, 1]), ([1, 1], [1] * 3)])
def test_bins_that_cannot_be_are_refused(edges: list[float], parts: list[float]) -> None:
    with pytest.raises(ValueError, match="edges must rise"):
        Bins(edges=edges, shares=parts)


def test_a_number_is_compared_with_what_came_true(store: SqlPredictionStore) -> None:
    for value, outcome, number in (
        (5.0, {"value": 8}, 1),
        (15.0, {"value": 14.0}, 3),
        (25.0, None, 4),
        (25.0, None, None),
        (25.0, None, 20),
    ):
        keep(store, PRICE, Regression(value=value), outcome, rooms=number, town="Uppsala")
    found = report_of(store, PRICE)
    assert (found.rows, found.outcomes, found.accuracy) == (5, 2, None)
    assert found.mae == 2.0  # of errors 3 and 1
    assert found.rmse == pytest.approx(math.sqrt(5))
    assert found.answer is not None
    assert [part.share for part in found.answer.parts] == [0.2, 0.2, 0.6]
    assert [part.name for part in found.answer.parts] == ["< 10", "10 to 20", "≥ 20"]
    assert found.answer.psi == pytest.approx(psi([0.2, 0.2, 0.6], [0.25, 0.5, 0.25]))
    assert found.answer.quantiles == pytest.approx(
        {"5%": 7.0, "25%": 15.0, "50%": 25.0, "75%": 25.0, "95%": 25.0}
    )
    rooms, town, tags = found.features
    assert (rooms.name, rooms.rows, rooms.missing, rooms.outside) == ("rooms", 5, 0.2, 0.2)
    assert [part.share for part in rooms.parts] == [0.25, 0.75]  # of the four that are there
    assert rooms.psi == pytest.approx(0.274653, abs=1e-6)
    assert [(part.name, part.share, part.training) for part in town.parts] == [
        ("Uppsala", 1.0, 0.25),
        ("Lund", 0.0, 0.75),
    ]
    assert (tags.psi, tags.parts, tags.quantiles) == (None, [], None)
    assert found.notes == ["The card has no shares in training for tags: no PSI."]


def test_a_label_is_right_or_wrong(store: SqlPredictionStore) -> None:
    for answered, truth in (
        ("flat", "flat"),
        ("flat", "villa"),
        ("villa", "villa"),
        ("flat", None),
    ):
        keep(store, KIND, label(answered), {"label": truth}, town="Malmö")
    keep(store, KIND, label("flat"), {"comment": "of another layout"})
    keep(store, KIND, label("flat"))
    found = report_of(store, KIND)
    assert (found.rows, found.outcomes, found.accuracy, found.mae) == (6, 5, 0.5, None)
    assert found.answer is not None
    assert {p.name: p.share for p in found.answer.parts} == pytest.approx(
        {"flat": 5 / 6, "villa": 1 / 6}
    )
    assert found.trained == {"accuracy": 0.9}
    town = found.features[1]
    assert town.outside == pytest.approx(4 / 6)
    assert [(p.name, p.training) for p in town.parts] == [
        ("Malmö", 0.0),
        ("Uppsala", 0.25),
        ("Lund", 0.75),
    ]


def test_each_version_is_counted_by_itself_a_page_at_a_time(
    store: SqlPredictionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        version = "222222222222" if number % 5 == 0 else "111111111111"
        keep(store, KIND, label("flat" if number % 2 else "villa"), None, version, rooms=number)
    whole = make_report(store.storage, [KIND], ModelSettings()).versions
    monkeypatch.setattr("app.predictions.report.collect.ROWS_AT_ONCE", 4)
    after: list[None] = []
    paged = make_report(
        store.storage, [KIND], ModelSettings(), after_page=lambda: after.append(None)
    )
    assert paged.versions == whole
    assert len(after) == 7
    assert [(v.version, v.rows) for v in whole] == [("111111111111", 20), ("222222222222", 5)]
    assert whole[1].notes[0].startswith("The card of this version is gone")
    assert whole[1].answer is not None
    assert whole[1].answer.psi is None
    assert whole[0].first_at < whole[0].last_at


def test_only_the_last_days(store: SqlPredictionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        keep(store, KIND, label("flat"))
    Direct(store).execute("UPDATE predictions SET created_at = created_at - 200000")
    keep(store, KIND, label("villa"))
    assert report_of(store, KIND, days=3).rows == 4
    assert report_of(store, KIND, days=2).rows == 1
    monkeypatch.setattr("app.predictions.report.collect.ROWS_AT_ONCE", 1)
    assert (
        len(list(pages(RecordReader(store.storage), "house", 2))) == 2
    )  # what is older is not read


def test_rows_that_are_damaged_or_older_spoil_nothing(store: SqlPredictionStore) -> None:
    for _ in range(3):
        keep(store, KIND, label("flat"), {"label": "flat"})
    keep(store, KIND, label("flat"), {"label": "flat"})
    Direct(store).execute("UPDATE predictions SET outcome = 5 WHERE seq = 4")
    bodies = ["'{}'", "'['", """replace(body, '"label"', '"name"')"""]
    for number, body in enumerate(bodies, 1):
        Direct(store).execute(f"UPDATE predictions SET body = {body} WHERE seq = {number}")
    found = report_of(store, KIND)
    assert (found.rows, found.accuracy, found.outcomes) == (2, 0.0, 1)
    assert found.answer is not None
    assert found.answer.missing == 0.5


@pytest.mark.parametrize("value", [1e200, -1e308, 10**400], ids=["1e200", "-1e308", "10^400"])
def test_a_number_that_cannot_be_calculated_with_ends_no_report(
    store: SqlPredictionStore, value: float
) -> None:
    keep(store, PRICE, Regression(value=5), {"value": value}, rooms=1)
    keep(store, PRICE, Regression(value=5), {"value": 7}, rooms=1)
    keep(store, PRICE, Regression(value=min(value, 1e308)), {"value": 7}, rooms=1)
    rooms = '"rooms":' + json.dumps(value)
    Direct(store).execute(
        f"""UPDATE predictions SET body = replace(body, '"rooms":1.0', '{rooms}')"""
    )
    found = report_of(store, PRICE)
    assert (found.rows, found.outcomes, found.mae) == (3, 3, 2.0)
    Report.model_validate_json(
        make_report(store.storage, [PRICE], ModelSettings()).model_dump_json()
    )


def test_an_answer_that_cannot_be_compared(store: SqlPredictionStore) -> None:
    vector = served(Embedding)
    keep(store, vector, Embedding(vector=[0.5]), {"vector": [0.4]})
    found = report_of(store, vector)
    assert (found.answer, found.outcomes, found.accuracy) == (None, 1, None)
    assert "names no outcome_field" in found.notes[0]


def test_a_column_of_texts_is_counted_in_little_memory() -> None:
    column = Column("text", None)
    column.add([f"text {number}" for number in range(1000)])
    assert (column.report().parts, column.report().psi) == ([], None)
    known = Column("text", {"text 1": 1.0})
    known.add([f"text {number}" for number in range(1000)])
    assert len(known.report().parts) == columns.MOST_VALUES + 1
    assert known.report().parts[0].name == OTHER
    integers = Column("floor", None, category=True)
    integers.add([1, 2, 2, True])
    assert [part.name for part in integers.report().parts] == ["2", "1", "true"]


def test_the_quantiles_of_more_numbers_than_are_kept() -> None:
    column = Column("number", None)
    for start in range(0, 100_000, 500):
        column.add(list(range(start, start + 500)))
    assert len(column._sample.numbers) == columns.SAMPLE
    quantiles = column.report().quantiles
    assert quantiles is not None
    assert quantiles["50%"] == pytest.approx(50_000, rel=0.05)
    assert quantiles["95%"] == pytest.approx(95_000, rel=0.02)


def test_the_page_needs_no_network_and_trusts_no_name(store: SqlPredictionStore) -> None:
    for number in range(120):
        town = "<script>alert(1)</script>" if number % 2 else "Lund"
        outcome = {"label": "flat"} if number < 10 else None
        keep(store, KIND, label("flat"), outcome, rooms=5, town=town)
    page = draw(make_report(store.storage, [KIND], ModelSettings(), days=1))
    assert not re.search(r"https?://|<script|src=|@import|url\(", page)
    assert "&lt;script&gt;" in page
    assert page.count("<svg") == page.count("</svg>") == 3
    for text in (
        "120",
        "100.0%",
        "90.0% when it was trained",
        "drifted",
        "no PSI",
        "the last 1 days",
    ):
        assert text in page
    assert not re.search(r"\bnan\b|\binf\b|None", page)
    assert "No outcome is known" not in page


def test_a_page_of_numbers_and_one_of_nothing(store: SqlPredictionStore) -> None:
    nothing = make_report(store.storage, [KIND], ModelSettings())
    assert "has 0 predictions by 0 versions" in draw(nothing)
    assert list(lines(nothing)) == ["No prediction is stored."]
    keep(store, PRICE, Regression(value=1.5))
    page = draw(make_report(store.storage, [PRICE], ModelSettings()))
    assert "No outcome is known" in page
    keep(store, PRICE, Regression(value=1.5), {"value": 2.0})
    assert "mean absolute error on 1 outcomes" in draw(
        make_report(store.storage, [PRICE], ModelSettings())
    )


@pytest.mark.parametrize(
    ("edges", "shown"),
    [
        (range(1, 10), [*map(str, range(1, 10))]),
        ([0.02345 + n / 1e5 for n in range(9)], ["0.02346", "0.02348", "0.0235", "0.02352"]),
    ],
)
def test_a_number_below_the_bars_is_whole_and_has_its_place(
    edges: Sequence[float], shown: list[str]
) -> None:
    column = ColumnReport(
        name="x",
        rows=1,
        missing=0,
        outside=0,
        psi=None,
        parts=[Part(name="", share=0.1, training=None)] * 10,
        edges=[*edges],
        quantiles=None,
    )
    assert re.findall(r"<text.*?>(.*?)</text>", plot_of(column)) == shown


HOUSES = (KIND,)


def run_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str, models: str = "HOUSES"
) -> None:
    """Run the command with this folder's database."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/app.sqlite3")
    monkeypatch.setenv("MODELS", f"{__name__}:{models}")
    monkeypatch.setattr(sys, "argv", ["report", *arguments])
    main()


def test_the_command(
    store: SqlPredictionStore,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(store, KIND, label("flat"), {"label": "flat"}, rooms=2)
    page = tmp_path / "report.html"
    run_command(monkeypatch, tmp_path, "--json", "--html", str(page))
    printed = Report.model_validate_json(capsys.readouterr().out)
    assert printed.versions == make_report(store.storage, [KIND], ModelSettings()).versions
    assert page.read_text().startswith("<!doctype html>")
    run_command(monkeypatch, tmp_path, "--model", "house", "--days", "1")
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("house 111111111111: 1 rows, 20")
    assert table[0].endswith("1 with an outcome, accuracy 1")
    counted = " +4.604  too few rows +0.0% +0.0%  "
    assert re.match(f"  answer: label{counted}flat 100%, villa 0%", table[2])
    assert re.match(f"  rooms{counted}5% 2, 25% 2", table[3])
    with pytest.raises(SystemExit, match="There is no model flat"):
        run_command(monkeypatch, tmp_path, "--model", "flat")


def test_the_command_says_that_it_cannot_read_the_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "app.sqlite3").write_text("this is not a database, but a text of some length")
    with pytest.raises(SystemExit, match="DATABASE_URL"):
        run_command(monkeypatch, tmp_path)


def test_it_is_a_module_that_is_run() -> None:
    command = [sys.executable, "-m", "app.predictions.report", "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert "still right?" in said
    assert all(option in said for option in ("--model", "--days", "--json", "--html FILE"))


def test_a_task_makes_the_report(settings: Settings) -> None:
    with TestClient(create_app(settings), base_url=LOCAL) as client:
        client.post("/v1/predictions", json=[FLOWER] * 3)
        for payload, expected in (({}, 3), ({"model": "flower", "days": 1}, 3)):
            path = client.post("/v1/tasks/prediction-report", json=payload).headers["Location"]
            task = finished(client, path)
            assert task["state"] == "succeeded"
            (version,) = Report.model_validate(task["result"]).versions
            assert (version.model, version.rows) == ("flower", expected)
        path = client.post("/v1/tasks/prediction-report", json={"model": "?"}).headers["Location"]
        assert finished(client, path)["problem"]["title"] == "Model Not Found"


def finished(client: TestClient, path: str) -> dict[str, Any]:
    """Return a task once it has ended."""
    deadline = time.monotonic() + 30
    while (task := client.get(path).json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
    return dict(task)


def test_the_card_of_a_version_is_read_from_its_folder(tmp_path: Path) -> None:
    model = Served("house", House, Regression, Never)
    written = write_artefact(tmp_path / "house", {"a": b""}, ModelFacts(metrics={"r2": 0.5}))
    settings = ModelSettings(models_dir=tmp_path)
    assert find_card(model, settings, written.version) == written
    for other in ("222222222222", "../house", "\0"):
        assert find_card(model, settings, other) is None

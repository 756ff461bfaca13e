"""The model of diabetes: a line, and an interval that holds the truth as often as it says."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from app.models.diabetes.features import Patient
from app.models.diabetes.train import margin, to_onnx_bytes, train, with_interval
from app.serving.onnx import MODEL_FILE
from tests.models.helpers import agree, converted, loaded, serves_well, trains_the_same


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a MODELS_DIR with the trained model."""
    folder = tmp_path_factory.mktemp("models")
    train(folder / "diabetes")
    return folder


def patients(rows: list[list[float]]) -> list[Patient]:
    """Return patients with these measurements."""
    return [Patient(**dict(zip(Patient.model_fields, row, strict=True))) for row in rows]


def test_it_serves_well(folder: Path) -> None:
    serves_well("diabetes", folder)


def test_another_training_gives_the_same_version(folder: Path, tmp_path: Path) -> None:
    trains_the_same("diabetes", folder, tmp_path)


def test_its_card_says_how_good_it_is(folder: Path) -> None:
    card = loaded("diabetes", folder).card
    assert 0.3 < card.metrics["r2"] < 0.7
    assert 0.82 < card.metrics["coverage"] < 0.98  # of 111 patients
    assert [feature.name for feature in card.features] == list(Patient.model_fields)


def test_the_interval_is_around_the_value(folder: Path) -> None:
    model = loaded("diabetes", folder)
    rows = load_diabetes(scaled=False).data.tolist()
    for answer in model.predict(patients(rows)):
        assert answer.low < answer.value < answer.high


def test_the_first_patient_of_the_data(folder: Path) -> None:
    (answer,) = loaded("diabetes", folder).predict([loaded("diabetes", folder).example])
    assert answer.value == pytest.approx(210, abs=10)
    assert answer.low < 151 < answer.high  # what was true of this patient


def test_the_margin_is_that_of_split_conformal_prediction() -> None:
    # of 19 errors, 18 are what the next one is below nine times of ten: (19 + 1) * 0.9
    assert margin(np.arange(1.0, 20.0)[::-1]) == 18
    assert margin(np.arange(1.0, 100.0)) == 90


def test_the_graph_answers_as_scikit_learn(tmp_path: Path) -> None:
    data = load_diabetes(scaled=False)
    line = with_interval(LinearRegression().fit(data.data, data.target), 90)
    model = converted("diabetes", tmp_path, {MODEL_FILE: to_onnx_bytes(line)})
    rows = np.random.default_rng(0).uniform(
        data.data.min(axis=0), data.data.max(axis=0), (1000, 10)
    )
    rows[:, 1] = rows[:, 1].round()  # the sex is 1 or 2
    agree(model, patients(rows.tolist()), line.predict(rows))

"""The iris model: it is good, it answers its example, and its training is a command."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.kit.start import StartError
from app.models.iris.features import Features
from app.models.iris.train import to_onnx_bytes, train
from app.serving.artefact import current_version
from app.serving.onnx import MODEL_FILE
from app.serving.training import features_seen
from tests.models.helpers import agree, converted, loaded, serves_well


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a MODELS_DIR with the trained model."""
    folder = tmp_path_factory.mktemp("models")
    train(folder / "iris")
    return folder


def test_it_serves_well(folder: Path) -> None:
    serves_well("iris", folder)


def test_it_is_good_and_its_card_says_how_good(folder: Path) -> None:
    model = loaded("iris", folder)
    rows, species = load_iris(return_X_y=True)
    flowers = [
        Features.model_construct(**dict(zip(Features.model_fields, row, strict=True)))
        for row in rows
    ]
    answers = [model.card.labels.index(answer.label) for answer in model.predict(flowers)]
    assert (answers == species).mean() > 0.9
    assert 0.9 < model.card.metrics["accuracy"] <= 1
    assert model.card.labels == ["setosa", "versicolor", "virginica"]
    assert {"scikit-learn", "skl2onnx", "onnx"} <= model.card.libraries.keys()


def test_the_graph_answers_as_scikit_learn(tmp_path: Path) -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    pipeline.fit(*load_iris(return_X_y=True))
    model = converted("iris", tmp_path, {MODEL_FILE: to_onnx_bytes(pipeline, 4)}, range(3))
    rows = np.random.default_rng(0).uniform(0.1, 10, (1000, 4))
    flowers = [
        Features(**dict(zip(Features.model_fields, row, strict=True))) for row in rows.tolist()
    ]
    agree(model, flowers, pipeline.predict_proba(rows))


def test_training_again_gives_the_same_version(folder: Path, tmp_path: Path) -> None:
    assert train(tmp_path / "iris").version == current_version(folder / "iris")


def test_training_data_that_is_not_what_the_api_takes() -> None:
    with pytest.raises(StartError, match="names 4 features, and the training data has 3 columns"):
        features_seen(Features, load_iris().data[:, :3])

"""The model of penguins: what is missing, or was never seen, is a matter of the graph."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from palmerpenguins import load_penguins
from pydantic import ValidationError

from app.models.penguins.features import Penguin
from app.models.penguins.train import (
    CATEGORIES,
    filled,
    new_pipeline,
    to_onnx_bytes,
    train,
)
from app.serving.card import FeatureCategories
from app.serving.onnx import MODEL_FILE
from app.serving.unseen import UnseenWarning, unseen
from tests.models.helpers import agree, converted, loaded, serves_well, trains_the_same


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a MODELS_DIR with the trained model."""
    folder = tmp_path_factory.mktemp("models")
    train(folder / "penguins")
    return folder


def test_it_serves_well(folder: Path) -> None:
    serves_well("penguins", folder)


def test_another_training_gives_the_same_version(folder: Path, tmp_path: Path) -> None:
    trains_the_same("penguins", folder, tmp_path)


def test_its_card_says_what_it_saw_and_how_good_it_is(folder: Path) -> None:
    card = loaded("penguins", folder).card
    assert card.metrics["accuracy"] > 0.95
    assert card.labels == ["Adelie", "Chinstrap", "Gentoo"]
    island, *_, sex = card.features
    assert isinstance(island, FeatureCategories)
    assert (island.categories, island.missing) == (["Biscoe", "Dream", "Torgersen"], 0)
    assert isinstance(sex, FeatureCategories)
    assert sex.categories == ["female", "male"]
    assert 0 < (sex.missing or 0) < 0.1


def test_a_large_one_with_a_flat_bill_is_a_gentoo_whatever_is_missing(folder: Path) -> None:
    model = loaded("penguins", folder)
    sizes = {"bill_length_mm": 48.5, "bill_depth_mm": 14.9, "flipper_length_mm": 219}
    [whole, gaps] = model.predict(
        [
            Penguin(island="Biscoe", body_mass_g=5400, sex="male", **sizes),
            Penguin(island="Biscoe", **sizes),
        ]
    )
    assert whole.label == gaps.label == "Gentoo"


def test_where_nothing_was_missing_a_gap_is_refused() -> None:
    with pytest.raises(ValidationError, match="island"):
        Penguin.model_validate({"bill_length_mm": 39.1})
    with pytest.raises(ValidationError, match="island"):
        Penguin.model_validate({"island": "Anvers"})


def test_an_island_that_training_never_saw_is_warned_of(folder: Path) -> None:
    card, anvers = loaded("penguins", folder).card, Penguin.model_construct(**asked("Anvers"))
    assert [*unseen(card, anvers)] == [UnseenWarning(name="island", value="Anvers")]


def asked(island: str) -> dict[str, Any]:
    """Return a penguin of which only the island is known."""
    return dict.fromkeys(Penguin.model_fields) | {"island": island}


def test_the_graph_answers_as_scikit_learn(tmp_path: Path) -> None:
    data = load_penguins()
    pipeline = new_pipeline().fit(filled(data[[*Penguin.model_fields]]), data["species"])
    model = converted(
        "penguins", tmp_path, {MODEL_FILE: to_onnx_bytes(pipeline)}, pipeline.classes_
    )
    chance = np.random.default_rng(0)
    rows = data.sample(1000, replace=True, random_state=0)[[*Penguin.model_fields]]
    rows["island"] = rows["island"].where(chance.random(1000) > 0.2, "Anvers")
    rows["sex"] = rows["sex"].where(chance.random(1000) > 0.1, "unknown")
    rows = rows.where(chance.random(rows.shape) > 0.2)  # one in five is missing
    assert rows.isna().any(axis=None)
    asked = filled(rows).to_dict("records")
    for row in asked:
        row |= {name: row[name] or None for name in CATEGORIES}
    penguins = [Penguin.model_construct(**row) for row in asked]
    agree(model, penguins, pipeline.predict_proba(filled(rows)))

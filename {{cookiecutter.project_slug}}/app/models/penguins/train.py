"""Train the model, measure it, write its artefact: `python -m app.models train` calls `train`.

The pipeline fills gaps and encodes categories, and so does the graph that is made from it: serving
passes on what the client sent. The data is that of Gorman, Williams and Fraser (2014).
"""

from importlib.metadata import version
from pathlib import Path

from palmerpenguins import load_penguins
from pandas import DataFrame, Series
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.models.penguins.features import Penguin
from app.serving.artefact import write_artefact
from app.serving.card import ModelCard, ModelFacts
from app.serving.onnx import MODEL_FILE
from app.serving.training import features_seen, graph_bytes, shares

CATEGORIES = ["island", "sex"]
NUMBERS = [name for name in Penguin.model_fields if name not in CATEGORIES]


def train(folder: Path) -> ModelCard:
    """Train on three quarters of the penguins, measure on the rest, write the artefact."""
    data = load_penguins()
    seen, held_out, species, held_out_species = train_test_split(
        data[[*Penguin.model_fields]], data["species"], stratify=data["species"], random_state=0
    )
    pipeline = new_pipeline().fit(filled(seen), species)
    facts = ModelFacts(
        kind="Classification",
        metrics=measure(pipeline, filled(held_out), held_out_species),
        features=features_seen(Penguin, seen),
        answers=shares(species),
        labels=[str(label) for label in pipeline.classes_],
        libraries={name: version(name) for name in ("scikit-learn", "skl2onnx", "onnx")},
    )
    return write_artefact(folder, {MODEL_FILE: to_onnx_bytes(pipeline)}, facts)


def new_pipeline() -> Pipeline:
    """Return the pipeline to train: a gap becomes the median, or for texts its own category."""
    encode = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
    )
    return make_pipeline(encode, LogisticRegression())


def filled(rows: DataFrame) -> DataFrame:
    """Return rows as serving has them, with "" for a text that is missing."""
    return rows.fillna(dict.fromkeys(CATEGORIES, ""))


def to_onnx_bytes(pipeline: Pipeline) -> bytes:
    """Convert a fitted pipeline to ONNX: an input of shape (n, 1) for each feature."""
    inputs = [
        (name, (StringTensorType if name in CATEGORIES else FloatTensorType)([None, 1]))
        for name in Penguin.model_fields
    ]
    options = {"zipmap": False}  # it would turn the probabilities into a list of dicts
    graph = to_onnx(pipeline, initial_types=inputs, options=options, target_opset=18)
    return graph_bytes(graph)


def measure(pipeline: Pipeline, rows: DataFrame, species: Series) -> dict[str, float]:
    """Measure how well the pipeline does on penguins that it has not seen."""
    return {
        "accuracy": round(float(accuracy_score(species, pipeline.predict(rows))), 4),
        "log_loss": round(float(log_loss(species, pipeline.predict_proba(rows))), 4),
        "held_out_rows": float(len(rows)),
    }

"""From the artefact on disk to a model that answers.

`MODEL_LOADER` names the function that does this, so a test, or a project with a model of another
kind, puts its own in place: anything that takes the settings and returns a `Model`.
"""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Protocol

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from app.errors import StartError
from app.model.artefact import ArtefactError, ModelCard, read_artefact
from app.model.features import Features
from app.settings import Settings

Row = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]


class Model(Protocol):
    """What the service asks of a model. Calls may come from several threads at once.

    The answer for a row must not depend on the rows beside it: rows of many clients come together.
    """

    @property
    def card(self) -> ModelCard:
        """What the model is."""

    def predict(self, rows: Matrix) -> Matrix:
        """Rows of shape (n, features) to probabilities of shape (n, labels)."""

    def close(self) -> None:
        """Give back what the model holds; called once, after the last prediction."""


class OnnxModel:
    """A model that ONNX Runtime executes."""

    def __init__(self, card: ModelCard, onnx: bytes, threads: int) -> None:
        # onnxruntime is slow to import, and a project with another loader does without it.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.card = card
        self._session = onnxruntime.InferenceSession(
            onnx, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def predict(self, rows: Matrix) -> Matrix:
        """Rows of shape (n, features) to probabilities of shape (n, labels)."""
        probabilities: Matrix = self._session.run(["probabilities"], {self._input: rows})[0]
        return probabilities

    def close(self) -> None:
        """Let go of the session and its memory."""
        del self._session


def load_model(settings: Settings) -> Model:
    """Load the ONNX model of `MODEL_DIR`, check it, warm it up; ArtefactError if it is unfit."""
    card, onnx = read_artefact(settings.model_dir)
    check_features(card)
    edges = [[f.minimum for f in card.features], [f.maximum for f in card.features]]
    try:
        model = OnnxModel(card, onnx, settings.model_threads)
        answer = model.predict(np.array(edges, dtype=np.float32))
    except Exception as error:  # ONNX Runtime's own errors have no common class
        raise ArtefactError(f"ONNX Runtime cannot run the model: {error}") from error
    if answer.shape != (2, len(card.labels)):
        raise ArtefactError(f"The model gives {answer.shape[-1]} numbers for {card.labels}.")
    return model


def check_features(card: ModelCard) -> None:
    """The card must name the schema's features, in its order and units, and within its bounds."""
    fields = Features.model_json_schema()["properties"]
    expected = [(name, field["unit"]) for name, field in fields.items()]
    found = [(feature.name, feature.unit) for feature in card.features]
    if found != expected:
        raise ArtefactError(f"The model was trained on {found}, and the API takes {expected}.")
    try:
        for edge in ("minimum", "maximum"):
            Features(**{feature.name: getattr(feature, edge) for feature in card.features})
    except ValidationError as error:
        raise ArtefactError(
            f"The training data breaks the bounds in app/model/features.py: {error}"
        ) from None


def open_model(settings: Settings) -> Model:
    """Call the loader that `MODEL_LOADER` names, and put a queue before its model."""
    from app.model.batching import BatchingModel  # made of what stands above

    try:
        loader: Callable[[Settings], Model] = resolve_name(settings.model_loader)
    except (ImportError, AttributeError) as error:
        raise StartError(f"MODEL_LOADER: {settings.model_loader} is not there ({error}).") from None
    return BatchingModel(loader(settings), settings)

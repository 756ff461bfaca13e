"""A model that ONNX Runtime executes: the default of `MODEL_LOADER`."""

import numpy as np

from app.serving.artefact import ArtefactError, ModelCard, read_artefact
from app.serving.protocol import Matrix, Model
from app.serving.settings import ModelSettings


class OnnxModel:
    """One session of ONNX Runtime, and the card of its model."""

    def __init__(self, card: ModelCard, onnx: bytes, threads: int) -> None:
        # onnxruntime is slow to import, and a project with another loader does not need it
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
        """Return probabilities of shape (n, labels) for rows of shape (n, features)."""
        probabilities: Matrix = self._session.run(["probabilities"], {self._input: rows})[0]
        return probabilities

    def close(self) -> None:
        """Release the session and its memory."""
        del self._session


def load_model(settings: ModelSettings) -> Model:
    """Load the ONNX model in `MODEL_DIR` and warm it up; raise ArtefactError if it is unfit."""
    card, onnx = read_artefact(settings.model_dir)
    edges = [[f.minimum for f in card.features], [f.maximum for f in card.features]]
    try:
        model = OnnxModel(card, onnx, settings.model_threads)
        answer = model.predict(np.array(edges, dtype=np.float32))
    except Exception as error:  # ONNX Runtime's own errors have no common class
        raise ArtefactError(f"ONNX Runtime cannot run the model: {error}") from error
    if answer.shape != (2, len(card.labels)):
        raise ArtefactError(f"The model gives {answer.shape[-1]} numbers for {card.labels}.")
    return model

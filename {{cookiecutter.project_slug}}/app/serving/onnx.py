"""A model that ONNX Runtime executes: the default of `MODEL_LOADER`."""

import os
from collections.abc import Iterable, Sequence

import numpy as np

from app.kit.start import StartError
from app.serving.answers import check_probabilities, check_shape
from app.serving.artefact import ArtefactError, ModelCard, read_artefact
from app.serving.errors import BadAnswerError
from app.serving.protocol import Matrix, Model
from app.serving.settings import ModelSettings


class ProviderError(StartError):
    """A provider that MODEL_PROVIDERS names does not execute the model."""

    def __init__(self, missing: Iterable[str], available: Iterable[str]) -> None:
        super().__init__(
            f"MODEL_PROVIDERS: {', '.join(sorted(missing))} cannot be used here. This package of "
            f"ONNX Runtime has {', '.join(sorted(available))}; what it has and cannot use lacks a "
            "driver or a device. Other packages, such as onnxruntime-gpu, have more."
        )


class OnnxModel:
    """One session of ONNX Runtime, and the card of its model."""

    def __init__(
        self, card: ModelCard, onnx: bytes, *, threads: int, providers: Sequence[str]
    ) -> None:
        # since 1.29 it reports to Microsoft, also on Linux, unless this is set before its import
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        # onnxruntime is slow to import, and a project with another loader does not need it
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.card = card
        missing = set(providers) - set(onnxruntime.get_available_providers())
        if not missing:
            self._session = onnxruntime.InferenceSession(onnx, options, providers=providers)
            missing = set(providers) - set(self._session.get_providers())
        if missing:  # ONNX Runtime itself would use the CPU, and say so only in a warning
            raise ProviderError(missing, onnxruntime.get_available_providers())
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
    providers = [name.strip() for name in settings.model_providers.split(",")]
    edges = [[f.minimum for f in card.features], [f.maximum for f in card.features]]
    try:
        model = OnnxModel(card, onnx, threads=settings.model_threads, providers=providers)
        for rows in (edges, edges[:1]):  # of one size alone, a model would fail at the others
            answers = model.predict(np.array(rows, dtype=np.float32))
            check_probabilities(check_shape(answers, len(rows), len(card.labels)))
    except BadAnswerError as error:
        raise ArtefactError(f"For the edges of its training ranges: {error}") from None
    except ProviderError:
        raise
    except Exception as error:  # ONNX Runtime's own errors have no common class
        raise ArtefactError(f"ONNX Runtime cannot run the model: {error}") from error
    return model

"""The model in BentoML: one worker, one route without batches, and one with adaptive batches."""

import bentoml
import numpy as np

from benchmarks.serving.apps import iris
from benchmarks.serving.apps.iris import Features, Prediction


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Iris:
    """One flower per request."""

    def __init__(self) -> None:
        """Open the model."""
        iris.session()

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, features: Features, /) -> Prediction:
        """Predict one flower."""
        return iris.predict(features)

    @bentoml.api(batchable=True, max_batch_size=32)  # type: ignore[untyped-decorator]
    def predict_batch(self, rows: list[Features], /) -> list[Prediction]:
        """Predict as many flowers as BentoML puts into the batch."""
        matrix = np.stack([features.row() for features in rows])
        return [iris.answer(row) for row in iris.infer(matrix)]

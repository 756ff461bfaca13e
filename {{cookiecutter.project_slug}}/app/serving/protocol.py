"""What the service needs of a model."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from app.serving.artefact import ModelCard

Row = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]


class Model(Protocol):
    """A loaded model. Calls may come from several threads at once.

    The answer for a row must not depend on the rows beside it: rows of many clients come together.
    """

    @property
    def card(self) -> ModelCard:
        """The description of the model."""

    def predict(self, rows: Matrix) -> Matrix:
        """Return probabilities of shape (n, labels) for rows of shape (n, features)."""

    def close(self) -> None:
        """Release what the model holds; called once, after the last prediction."""

"""What the service needs of a model."""

from typing import Any, Protocol

import numpy as np

from app.serving.artefact import ModelCard

# not `numpy.typing`, whose import takes 9 ms
Row = np.ndarray[tuple[Any, ...], np.dtype[np.float32]]
Matrix = Row


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

"""A model that is a class of its own: NumPy reads the weights and does the arithmetic.

ONNX has no operator that cuts a text into runs of characters; skl2onnx refuses to convert one.
"""

import io
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.models.text.features import Text
from app.models.text.grams import grams
from app.serving.answers import Classification
from app.serving.artefact import Artefact

WEIGHTS_FILE = "weights.npz"

Scores = npt.NDArray[np.float32]


class TextModel:
    """Naive Bayes on TF-IDF, with the same arithmetic as scikit-learn's classes."""

    def __init__(self, artefact: Artefact) -> None:
        """Read the known grams, how rare each one is, and how much it speaks for each language."""
        weights = np.load(io.BytesIO(artefact.read(WEIGHTS_FILE)), allow_pickle=False)
        self._card = artefact.card
        self._places = {gram: place for place, gram in enumerate(weights["grams"].tolist())}
        self._rarity: Scores = weights["rarity"]  # of shape (grams,)
        self._evidence: Scores = weights["evidence"]  # of shape (grams, labels)
        self._prior: Scores = weights["prior"]  # of shape (labels,)

    def predict(self, rows: Sequence[Text]) -> Sequence[Classification]:
        """Return an answer for each text."""
        scores = np.stack([self._score(row.text) for row in rows])
        likelihoods = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities = likelihoods / likelihoods.sum(axis=1, keepdims=True)
        return Classification.from_outputs({"probabilities": probabilities}, self._card)

    def _score(self, text: str) -> Scores:
        """Return the score of each label for a text; without a known gram, it is the prior."""
        known = (self._places[gram] for gram in grams(text) if gram in self._places)
        counts = Counter(known)
        places = np.fromiter(counts, dtype=np.int64)
        weighed = np.fromiter(counts.values(), dtype=np.float32) * self._rarity[places]
        length = np.linalg.norm(weighed) or 1
        score: Scores = weighed / length @ self._evidence[places] + self._prior
        return score

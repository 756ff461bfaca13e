"""A random forest of 100 trees, as scikit-learn itself predicts with it, served by the project."""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.models.iris.features import Features  # type: ignore[import-not-found]
from app.serving.answers import Classification  # type: ignore[import-not-found]
from app.serving.card import ModelCard  # type: ignore[import-not-found]
from app.serving.served import Served  # type: ignore[import-not-found]
from sklearn.datasets import load_iris  # type: ignore[import-untyped]
from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped]

LABELS = ["setosa", "versicolor", "virginica"]
CARD = ModelCard(
    name="iris",
    version="forest",
    files={},
    trained_at=datetime(2026, 1, 1, tzinfo=UTC),
    labels=LABELS,
)


class Forest:
    """The forest, which is fitted when it is loaded."""

    def __init__(self, _: object) -> None:
        """Fit it."""
        data = load_iris()
        self.forest = RandomForestClassifier(100, random_state=0).fit(data.data, data.target)

    def predict(self, rows: Sequence[Features]) -> list[Classification]:
        """Return an answer for each flower."""
        found = self.forest.predict_proba([list(vars(row).values()) for row in rows])
        return [
            Classification(label=LABELS[best], probabilities=dict(zip(LABELS, row, strict=True)))
            for best, row in zip(found.argmax(axis=1).tolist(), found.tolist(), strict=True)
        ]


MODELS = (Served("iris", Features, Classification, Forest, CARD),)

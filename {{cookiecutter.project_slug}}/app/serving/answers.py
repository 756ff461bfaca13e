"""What the numbers of a model mean."""

from collections.abc import Sequence

from app.serving.protocol import Row


def classify(labels: Sequence[str], probabilities: Row) -> tuple[str, dict[str, float]]:
    """Return the most probable label, and each label's probability; `probabilities` (labels,)."""
    found = probabilities.tolist()
    return labels[int(probabilities.argmax())], dict(zip(labels, found, strict=True))

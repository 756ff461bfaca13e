"""Your models, a folder for each; here is what the service asks, and how it opens its model."""

from app.models.iris.features import Features
from app.serving.batching import BatchingModel
from app.serving.opening import open_with_queue
from app.serving.settings import ModelSettings

__all__ = ["Features", "open_model"]


def open_model(settings: ModelSettings) -> BatchingModel:
    """Open the model, with a queue before it; raise StartError if it cannot be used."""
    return open_with_queue(settings, Features)

"""The service without a model: the lab asks it for none, so none has to be trained."""

from types import SimpleNamespace
from typing import Any

from app.kit.settings import load_settings
from app.main import create_app
from app.serving.batching import BatchingModel
from app.settings import Settings


def open_no_model(settings: Settings) -> BatchingModel:
    """Return the queue of a model that is not there."""
    nothing: Any = SimpleNamespace(card=None, close=lambda: None)
    return BatchingModel(nothing, settings.model_batch_size, settings.model_seconds, patience=0)


app = create_app(load_settings(Settings), open_model=open_no_model)

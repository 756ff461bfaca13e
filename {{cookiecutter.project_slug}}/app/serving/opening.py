"""How the settings become a model that answers, with a queue before it.

`MODEL_LOADER` names the function that loads it. A test, or a project with another kind of model,
names its own: any function that takes the settings and returns a `Model`.
"""

from collections.abc import Callable
from pkgutil import resolve_name

from pydantic import BaseModel, ValidationError

from app.kit.start import StartError
from app.serving.artefact import ArtefactError, ModelCard
from app.serving.batching import BatchingModel
from app.serving.protocol import Model
from app.serving.settings import ModelSettings


def open_with_queue(settings: ModelSettings, features: type[BaseModel]) -> BatchingModel:
    """Load the model, check it against the API's features, and put a queue before it."""
    try:
        loader: Callable[[ModelSettings], Model] = resolve_name(settings.model_loader)
    except (ImportError, AttributeError) as error:
        raise StartError(f"MODEL_LOADER: {settings.model_loader} is missing ({error}).") from None
    model = load(loader, settings)
    try:
        check_features(model.card, features)
    except ArtefactError:
        model.close()
        raise
    size, seconds = settings.model_batch_size, settings.model_seconds
    return BatchingModel(model, size, seconds, settings.shutdown_seconds)


def load(loader: Callable[[ModelSettings], Model], settings: ModelSettings) -> Model:
    """Call the loader; whatever it raises becomes a StartError, which keeps it as its cause."""
    try:
        return loader(settings)
    except StartError:
        raise
    except BaseException as error:  # a `sys.exit()` in it would pass for a start that succeeded
        cause = f"{type(error).__name__}: {error}"
        raise StartError(f"MODEL_LOADER: {settings.model_loader} raised {cause}") from error


def check_features(card: ModelCard, features: type[BaseModel]) -> None:
    """Check that the card names these features, in their order and units, within their bounds."""
    fields = features.model_json_schema()["properties"]
    expected = [(name, field["unit"]) for name, field in fields.items()]
    found = [(feature.name, feature.unit) for feature in card.features]
    if found != expected:
        raise ArtefactError(f"The model was trained on {found}, but the API takes {expected}.")
    try:
        for edge in ("minimum", "maximum"):
            features(**{feature.name: getattr(feature, edge) for feature in card.features})
    except ValidationError as error:
        place = f"{features.__module__.replace('.', '/')}.py"
        raise ArtefactError(f"The training data breaks the bounds in {place}: {error}") from None

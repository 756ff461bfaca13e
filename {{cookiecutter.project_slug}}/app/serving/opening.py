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
    model = load(settings)
    check_model(model, settings.model_loader)
    try:
        check_features(model.card, features)
    except StartError:
        model.close()
        raise
    size, seconds = settings.model_batch_size, settings.model_seconds
    return BatchingModel(model, size, seconds, settings.shutdown_seconds)


def load(settings: ModelSettings) -> Model:
    """Find the loader and call it; whatever they raise becomes the cause of a StartError."""
    try:
        return find_loader(settings.model_loader)(settings)
    except StartError:
        raise
    except BaseException as error:  # a `sys.exit()` in it would pass for a start that succeeded
        cause = f"{type(error).__name__}: {error}"
        raise StartError(f"MODEL_LOADER: {settings.model_loader} raised {cause}") from error


def find_loader(name: str) -> Callable[[ModelSettings], Model]:
    """Import the loader, or raise StartError if it is not there."""
    try:
        loader: Callable[[ModelSettings], Model] = resolve_name(name)
    except (ImportError, AttributeError) as error:
        raise StartError(f"MODEL_LOADER: {name} is missing ({error}).") from None
    return loader


def check_model(model: Model, loader: str) -> None:
    """Raise a StartError unless this has what a `Model` has: somebody's loader is not typed."""
    lacks = [name for name in ("predict", "close") if not callable(getattr(model, name, None))]
    if not isinstance(getattr(model, "card", None), ModelCard):
        lacks.insert(0, "card (a ModelCard)")
    if lacks:
        raise StartError(
            f"MODEL_LOADER: {loader} returned {type(model).__name__}, which lacks "
            f"{', '.join(lacks)}. Return a Model, as in app/serving/protocol.py."
        )


def check_features(card: ModelCard, features: type[BaseModel]) -> None:
    """Check that the card names these features, in their order and units, within their bounds."""
    expected = list(units(features).items())
    found = [(feature.name, feature.unit) for feature in card.features]
    if found != expected:
        raise ArtefactError(f"The model was trained on {found}, but the API takes {expected}.")
    try:
        for edge in ("minimum", "maximum"):
            features(**{feature.name: getattr(feature, edge) for feature in card.features})
    except ValidationError as error:
        bounds = f"the bounds in {place_of(features)}"
        raise ArtefactError(f"The training data breaks {bounds}: {error}") from None


def units(features: type[BaseModel]) -> dict[str, str]:
    """Return each feature's unit, or raise StartError."""
    found = {}
    for name, field in features.model_json_schema()["properties"].items():
        if not isinstance(field.get("unit"), str):
            example = 'json_schema_extra={"unit": "cm"}'
            raise StartError(
                f"{place_of(features)}: {name} has no unit. Add one to its Field: {example}."
            )
        found[name] = field["unit"]
    return found


def place_of(features: type[BaseModel]) -> str:
    """Return the file that the features are in."""
    return f"{features.__module__.replace('.', '/')}.py"

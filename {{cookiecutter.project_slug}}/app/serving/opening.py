"""How the settings become models that answer, with a queue before each.

`MODELS` names what lists them, `app.models:MODELS`; a test names its own. At the start each model
is checked against what it is asked, and must answer its own example, alone and in a pair.
"""

from contextlib import ExitStack, closing
from pkgutil import resolve_name
from typing import Any

from app.kit.start import StartError
from app.serving.artefact import Artefact, ArtefactError, current_version, read_card
from app.serving.batching import BatchingModel
from app.serving.checks import check_answers, check_bounds, check_features
from app.serving.examples import example_of
from app.serving.loaded import LoadedModel
from app.serving.models import Models
from app.serving.protocol import AnswerT, FeaturesT, Predictor
from app.serving.served import Served
from app.serving.settings import ModelSettings


def find_models(settings: ModelSettings) -> tuple[Served[Any, Any], ...]:
    """Return what MODELS lists, or raise StartError."""
    name = settings.models
    try:
        found = resolve_name(name)
    except (ImportError, AttributeError) as error:
        raise StartError(f"MODELS: {name} is missing ({error}).") from None
    except StartError:
        raise
    except BaseException as error:  # a `sys.exit()` in it would pass for a start that succeeded
        raise StartError(f"MODELS: {name} raised {type(error).__name__}: {error}") from error
    served = tuple(found) if isinstance(found, list | tuple) else ()
    names = [one.name for one in served if isinstance(one, Served)]
    if not names or len(names) != len(served) or len(set(names)) != len(names):
        raise StartError(f"MODELS: {name} must list one Served or more, each of another name.")
    return served


def open_models(settings: ModelSettings) -> Models:
    """Load every model, check it, and put a queue before it; raise StartError if one is unfit."""
    with ExitStack() as stack:
        opened = {
            served.name: stack.enter_context(closing(open_with_queue(served, settings)))
            for served in find_models(settings)
        }
        stack.pop_all()
    return Models(opened)


def open_with_queue(
    served: Served[FeaturesT, AnswerT], settings: ModelSettings
) -> BatchingModel[FeaturesT, AnswerT]:
    """Load a model, check it, and put a queue before it."""
    size, seconds = settings.model_batch_size, settings.model_seconds
    return BatchingModel(load(served, settings), size, seconds, settings.shutdown_seconds)


def load(
    served: Served[FeaturesT, AnswerT], settings: ModelSettings
) -> LoadedModel[FeaturesT, AnswerT]:
    """Load the current version; whatever keeps it from answering becomes a StartError."""
    folder = settings.models_dir / served.name
    version = served.card.version if served.card else current_version(folder)
    try:
        return load_version(served, settings, version)
    except ArtefactError:
        if served.card or current_version(folder) == version:
            raise
        return load(served, settings)  # it was replaced and removed after its name was read


def load_version(
    served: Served[FeaturesT, AnswerT], settings: ModelSettings, version: str
) -> LoadedModel[FeaturesT, AnswerT]:
    """Load a version of a model and check it, or raise StartError."""
    folder = settings.models_dir / served.name
    card = served.card or read_card(folder, version)
    check_features(served.name, served.features, card)
    example = example_of(served.features, card)
    check_bounds(example, card)
    files = Artefact(served.name, folder / version, card, settings, served.features, served.answer)
    for file in card.files if not served.card else ():
        files.read(file)
    model = LoadedModel(served, card, example, make(served, files))
    try:
        check_answers(model)
    except StartError:
        model.close()
        raise
    return model


def make(served: Served[FeaturesT, AnswerT], artefact: Artefact) -> Predictor[FeaturesT, AnswerT]:
    """Call what makes the model; whatever it raises becomes the cause of a StartError."""
    try:
        made = served.load(artefact)
    except StartError:
        raise
    except BaseException as error:  # a `sys.exit()` in it would pass for a start that succeeded
        cause = f"{type(error).__name__}: {error}"
        raise StartError(f"The model {served.name} could not be loaded. {cause}") from error
    if not callable(getattr(made, "predict", None)):
        raise StartError(
            f"The model {served.name}: {type(made).__name__} has no predict(rows). Make a "
            "Predictor, as in app/serving/protocol.py."
        )
    return made

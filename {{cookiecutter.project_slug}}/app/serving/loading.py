"""How a version of a model becomes one that answers; whatever keeps it from that is a StartError.

It is checked against what it is asked, and must answer its own example, alone and in a pair.
"""

from app.kit.start import StartError
from app.serving.artefact import Artefact, ArtefactError, current_version, read_card
from app.serving.checks import check_answers, check_bounds, check_features, check_kind
from app.serving.examples import example_of
from app.serving.loaded import LoadedModel
from app.serving.protocol import AnswerT, FeaturesT, Predictor
from app.serving.served import Served
from app.serving.settings import ModelSettings


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
    check_kind(served.name, served.answer, card)
    check_features(served.name, served.features, card)
    example = example_of(served.features, card)
    check_bounds(example, card)
    files = Artefact(served.name, folder / version, card, settings, served.features, served.answer)
    for file in card.files if not served.card else ():
        files.path(file)
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

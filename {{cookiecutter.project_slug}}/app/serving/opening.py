"""How the settings become models that answer, with a queue before each.

`MODELS` names what lists them, `app.models:MODELS`; a test names its own.
"""

from contextlib import ExitStack, closing
from pkgutil import resolve_name
from typing import Any

from app.kit.start import StartError
from app.serving.batching import BatchingModel
from app.serving.loading import load
from app.serving.models import Models
from app.serving.protocol import AnswerT, FeaturesT
from app.serving.served import Served
from app.serving.settings import ModelSettings
from app.serving.watcher import Watcher


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
    if settings.model_source:
        from app.serving.source import fetch_models  # slow to import

        fetch_models(settings)
    with ExitStack() as stack:
        opened = {
            served.name: stack.enter_context(closing(open_with_queue(served, settings)))
            for served in find_models(settings)
        }
        stack.pop_all()
    return Models(opened, Watcher(opened.values(), settings))


def open_with_queue(
    served: Served[FeaturesT, AnswerT], settings: ModelSettings
) -> BatchingModel[FeaturesT, AnswerT]:
    """Load a model, check it, and put a queue before it."""
    size, seconds = settings.model_batch_size, settings.model_seconds
    return BatchingModel(load(served, settings), size, seconds, settings.shutdown_seconds)

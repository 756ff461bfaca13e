"""What notices that another version of a model is to be served: a thread, in each process.

It loads and checks the new one beside the old. One that fails never serves: the old one goes on,
and the log and `/health/ready` say so.
"""

import threading
from collections.abc import Iterable
from typing import Any

import structlog

from app.kit.start import StartError
from app.serving.artefact import CURRENT_FILE, ArtefactError, current_version
from app.serving.batching import BatchingModel
from app.serving.loading import load_version
from app.serving.settings import ModelSettings

LOOK_SECONDS = 1.0

logger = structlog.get_logger()


class Watcher:
    """Looks every second which version of each model is to be served, and replaces the others."""

    def __init__(self, models: Iterable[BatchingModel[Any, Any]], settings: ModelSettings) -> None:
        self._models = [model for model in models if not model.served.card]
        self._settings = settings
        self._refused: dict[str, tuple[str, int]] = {}  # versions, and when they were named
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="model-watcher", daemon=True)
        if self._models:
            self._thread.start()

    def close(self) -> None:
        """Stop; a version that is being loaded will not be served."""
        self._closing.set()

    def _watch(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            for model in self._models:
                self.look(model)

    def look(self, model: BatchingModel[Any, Any]) -> None:
        """Replace the version of a model if another one is to be served."""
        name, current = model.served.name, model.current
        folder = self._settings.models_dir / name
        try:
            said_at = (folder / CURRENT_FILE).stat().st_mtime_ns
            version = current_version(folder)
        except (ArtefactError, OSError):
            return  # nothing says that another one is wanted
        if version == current.loaded.card.version:
            current.refused = None
        elif (version, said_at) != self._refused.get(name):
            try:
                loaded = load_version(model.served, self._settings, version)
            except StartError as error:
                current.refused, self._refused[name] = version, (version, said_at)
                logger.error("version_refused", model=name, version=version, cause=str(error))
            else:
                current.replace(loaded)
                current.refused = None
                logger.info("version_replaced", model=name, version=version)

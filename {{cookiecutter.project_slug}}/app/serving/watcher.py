"""What notices that another version of a model is to be served: a thread, in each process.

It loads and checks the new one beside the old. One that fails never serves: the old one goes on,
and the log and `/health/ready` say so.
"""

import threading
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import Any

import structlog

from app.serving.artefact import CURRENT_FILE, ArtefactError, current_version
from app.serving.batching import BatchingModel
from app.serving.loading import load_version
from app.serving.settings import ModelSettings

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 30  # until a refused version is tried again, though its files are the same
State = tuple[object, ...]

logger = structlog.get_logger()


class Watcher:
    """Looks every second which version of each model is to be served, and replaces the others."""

    def __init__(self, models: Iterable[BatchingModel[Any, Any]], settings: ModelSettings) -> None:
        self._models = [model for model in models if not model.served.card]
        self._settings = settings
        self._refused: dict[str, State] = {}  # the versions, as they were
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
            version = current_version(folder)
        except ArtefactError:
            return  # nothing says that another one is wanted
        if version == current.loaded.card.version:
            current.refused = None
        elif (found := state_of(folder, version)) != self._refused.get(name):
            try:
                loaded = load_version(model.served, self._settings, version)
            except BaseException as error:  # whatever it is, the old one and this thread go on
                current.refused, self._refused[name] = version, found
                logger.error("version_refused", model=name, version=version, cause=str(error))
            else:
                current.replace(loaded)
                current.refused = None
                logger.info("version_replaced", model=name, version=version)


def state_of(folder: Path, version: str) -> State:
    """Return what changes when a version is named again, a file of it is written, or time passes.

    Not only times: some file systems count in seconds, and a replaced file is another one.
    """
    turn = int(monotonic() // AGAIN_SECONDS)
    try:
        paths = [folder / CURRENT_FILE, folder / version, *sorted((folder / version).iterdir())]
        found = [path.stat() for path in paths]
    except (OSError, ValueError):  # ValueError: no path has a null character
        found = []
    return version, turn, *((one.st_mtime_ns, one.st_ino, one.st_size) for one in found)

"""The models that are open, by name."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from app.errors import NotFoundError
from app.serving.batching import BatchingModel
from app.serving.watcher import Watcher


class ModelNotFoundError(NotFoundError):
    """No model has this name."""

    title = "Model Not Found"


class Models:
    """Every model of the service with its queue, in the order of `app/models/__init__.py`."""

    def __init__(
        self, opened: Mapping[str, BatchingModel[Any, Any]], watcher: Watcher | None = None
    ) -> None:
        self._opened = opened
        self._watcher = watcher

    @property
    def all(self) -> list[BatchingModel[Any, Any]]:
        """All of them, the first one first."""
        return list(self._opened.values())

    @property
    def first(self) -> BatchingModel[Any, Any]:
        """The one that answers where no model is named."""
        return self.all[0]

    def get(self, name: str) -> BatchingModel[Any, Any]:
        """Return the model of this name, or raise ModelNotFoundError."""
        try:
            return self._opened[name]
        except KeyError:
            raise ModelNotFoundError from None

    async def probe(self) -> None:
        """Raise an UnavailableError if one hangs, or fails at a row that it must know."""
        for model in self.all:
            await model.probe()

    @property
    def refused(self) -> dict[str, str]:
        """The versions that should be served and are unfit, by model."""
        refused = {model.served.name: model.current.refused for model in self.all}
        return {name: version for name, version in refused.items() if version is not None}

    def close(self) -> None:
        """Close them all, the last one first."""
        if self._watcher:
            self._watcher.close()
        with ExitStack() as stack:
            for model in self.all:
                stack.callback(model.close)

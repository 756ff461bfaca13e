"""The version of a model that answers. It can be replaced by another one while it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic

from app.serving.errors import ModelClosedError
from app.serving.loaded import LoadedModel
from app.serving.protocol import AnswerT, FeaturesT


class Current(Generic[FeaturesT, AnswerT]):
    """Where a version takes the place of another; who has pinned one keeps it."""

    def __init__(self, loaded: LoadedModel[FeaturesT, AnswerT]) -> None:
        self.loaded = loaded
        self.refused: str | None = None  # the version that should be served, and is unfit
        self._closed = False

    @contextmanager
    def pinned(self) -> Iterator[LoadedModel[FeaturesT, AnswerT]]:
        """Give the version, which stays open meanwhile, whatever is served by then."""
        loaded = self.loaded
        while not loaded.enter():
            if loaded is self.loaded:
                raise ModelClosedError
            loaded = self.loaded
        try:
            yield loaded
        finally:
            loaded.leave()

    def replace(self, loaded: LoadedModel[FeaturesT, AnswerT]) -> None:
        """Let this version answer from the next batch on; close the old one after its last use."""
        old, self.loaded = self.loaded, loaded
        old.close()
        if self._closed:
            loaded.close()

    def close(self) -> bool:
        """Close the version after its last use; return whether that was at once."""
        self._closed = True
        return self.loaded.close()

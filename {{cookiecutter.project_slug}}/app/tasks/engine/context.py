"""What a running task sees of the service, and how it learns that it must stop."""

import threading
from enum import StrEnum
from typing import ParamSpec, TypeVar

from app.errors import AppError
from app.kit.settings import SettingsT, load_settings
from app.serving.models import Models
from app.storage.connection import StorageUnavailableError
from app.storage.store import Bound
from app.tasks.records import Claim, LeaseLostError
from app.tasks.settings import TaskSettings
from app.tasks.store import TaskStore

P = ParamSpec("P")
T = TypeVar("T")

RETRY_SECONDS = 0.5  # while the storage is unavailable
LARGEST_VALUE = 2**26  # bytes of a piece, or of a result: more at once, no database takes


class StopReason(StrEnum):
    """Why a task must stop before its end."""

    CANCELLED = "cancelled"  # a client asked for it
    HANDED_BACK = "handed back"  # this process ends; another one continues
    LOST = "lost"  # another process has taken the task over


class TaskStoppedError(Exception):
    """The task must stop. Do not catch this: the runner does."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class ResultTooLargeError(AppError):
    """The task's result is larger than TASK_RESULT_BYTES allows."""

    status = 413
    title = "Result Too Large"


class TaskContext:
    """An attempt at a task, for the function that runs it, in the thread where it runs.

    Call `progress`, `save` or `sleep` now and then: that is where the task stops when it must.
    """

    def __init__(
        self, claim: Claim, store: TaskStore, models: Models, settings: TaskSettings
    ) -> None:
        self.claim = claim
        self.models = models
        self.store = store
        self.settings = settings
        self._reason: StopReason | None = None
        self._stopping = threading.Event()
        self._number: int | None = None

    def settings_of(self, feature: type[SettingsT]) -> SettingsT:
        """Return the settings of a feature; a worker that serves no requests has fewer."""
        return self.settings if isinstance(self.settings, feature) else load_settings(feature)

    def stop(self, reason: StopReason) -> None:
        """Make the task stop at its next check; the first reason counts."""
        self._reason = self._reason or reason
        self._stopping.set()

    def check(self) -> None:
        """Return, or raise TaskStoppedError if the task must stop."""
        if self._reason:
            raise TaskStoppedError(self._reason)

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than the task may run."""
        self._stopping.wait(seconds)
        self.check()

    def progress(self, part: float) -> None:
        """Record which fraction of the task is done, from 0 to 1."""
        self.save(part)

    def save(self, part: float, piece: bytes | None = None) -> None:
        """Record the fraction done and add a piece to the result, both or neither.

        A later attempt finds the pieces: it continues after those that `resume` keeps.
        """
        part = max(0.0, min(float(part), 1.0))  # NumPy's numbers are none of a database's
        number, piece = 0, None if piece is None else bytes(memoryview(piece))
        if len(piece or b"") > LARGEST_VALUE:
            raise ResultTooLargeError
        if piece is not None:  # by its number, a piece that is sent again is stored once
            number = self.saved_pieces() if self._number is None else self._number
        size, cancelled = self._call(self.store.save, self.claim, part, number, piece)
        if piece is not None:
            self._number = number + 1
        if size > self.settings.task_result_bytes:
            raise ResultTooLargeError
        if cancelled:
            self.stop(StopReason.CANCELLED)
        self.check()

    def resume(self, origin: str) -> int:
        """Return how many pieces the result has, all of this origin: others are removed first.

        The origin says what the pieces of one result have in common: the model's version, say.
        """
        self._number = self._call(self.store.resume, self.claim, origin.encode())
        return self._number

    def saved_pieces(self) -> int:
        """Return how many pieces the result has, from this attempt and earlier ones."""
        return self._call(self.store.count_pieces, self.claim.id, "result")

    def input_piece(self, number: int) -> bytes | None:
        """Return a piece of the uploaded file, counted from 0; None after the last."""
        return self._call(self.store.piece, self.claim.id, "input", number)

    def _call(self, method: Bound[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the store; while the storage is unavailable, wait for it."""
        while True:
            try:
                return method.sync(*args, **kwargs)
            except StorageUnavailableError:
                self.sleep(RETRY_SECONDS)
            except LeaseLostError:
                raise TaskStoppedError(StopReason.LOST) from None

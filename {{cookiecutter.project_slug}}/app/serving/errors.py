"""Why a model does not answer."""

from app.errors import AppError, UnavailableError


class ModelFailedError(AppError):
    """The model failed; the log has the cause."""

    title = "Model Failed"


class BadAnswerError(ModelFailedError):
    """The model gave something that is no answer."""

    title = "Bad Model Answer"

    def __init__(self, fault: str) -> None:
        super().__init__(f"The model gave {fault}.")


class ModelBusyError(UnavailableError):
    """Too many predictions are waiting for the model; try again soon."""


class ModelTimeoutError(UnavailableError):
    """The model has not answered within MODEL_SECONDS; try again soon."""


class ModelNotReadyError(UnavailableError):
    """The model fails at a row of its training ranges; the log has the cause."""


class ModelClosedError(UnavailableError):
    """The service is stopping; try again soon."""


class ClientLeftError(AppError):
    """The client disconnected before the model was asked: nobody reads this."""

    status = 408
    title = "Client Left"

"""Writes the handlers, but installs none of them. Rejected by: unknown-route."""


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for each kind."""
    app.exception_handler(AppError)(answer_app_error)

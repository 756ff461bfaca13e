"""Installs no handler for refused input. Rejected by: refused."""


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for each kind."""
    app.exception_handler(AppError)(answer_app_error)
    app.exception_handler(HTTPException)(answer_http_exception)

"""Installs the new handlers instead of the service's own. Rejected by: domain."""


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for each kind."""
    app.exception_handler(HTTPException)(answer_http_exception)
    app.exception_handler(RequestValidationError)(answer_validation_error)

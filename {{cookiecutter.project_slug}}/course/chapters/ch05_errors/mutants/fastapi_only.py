"""Handles FastAPI's HTTPException; the router raises Starlette's. Rejected by: unknown-route."""

import fastapi


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for each kind."""
    app.exception_handler(AppError)(answer_app_error)
    app.exception_handler(fastapi.HTTPException)(answer_http_exception)
    app.exception_handler(RequestValidationError)(answer_validation_error)

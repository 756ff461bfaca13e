"""Tells the client what was raised. Rejected by: bug."""


async def answer_bug(_: Request, error: Exception) -> Response:
    """Answer an unexpected error from anywhere in the app."""
    logger.error("A bug", exc_info=error)
    return problem_response(500, {}, detail=str(error))


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for each kind."""
    app.exception_handler(AppError)(answer_app_error)
    app.exception_handler(HTTPException)(answer_http_exception)
    app.exception_handler(RequestValidationError)(answer_validation_error)
    for kind in (LookupError, TypeError, ValueError, RuntimeError):
        app.exception_handler(kind)(answer_bug)

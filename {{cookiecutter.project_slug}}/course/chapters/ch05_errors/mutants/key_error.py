"""Takes every KeyError for something that was not found. Rejected by: bug."""


async def answer_key_error(_: Request, error: KeyError) -> Response:
    """Answer 404."""
    return problem_response(404, {}, detail="There is no such thing.")


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for each kind."""
    app.exception_handler(AppError)(answer_app_error)
    app.exception_handler(HTTPException)(answer_http_exception)
    app.exception_handler(RequestValidationError)(answer_validation_error)
    app.exception_handler(KeyError)(answer_key_error)

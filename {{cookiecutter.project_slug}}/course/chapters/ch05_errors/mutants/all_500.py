"""Has one handler for all, which takes everything for a bug. Rejected by: unknown-route."""


async def answer_anything(_: Request, error: Exception) -> Response:
    """Answer any error."""
    logger.error("An error", exc_info=error)
    return problem_response(500, {})


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for all kinds."""
    for kind in (AppError, HTTPException, RequestValidationError):
        app.exception_handler(kind)(answer_anything)

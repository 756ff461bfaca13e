"""Has one handler for all, which takes everything for a bug. Rejected by: unknown-route."""


async def answer_anything(_: Request, error: Exception) -> Response:
    """Whatever it is."""
    logger.error("An error", exc_info=error)
    return problem_response(500, {})


def install_error_handlers(app: FastAPI) -> None:
    """One handler for all."""
    for kind in (AppError, HTTPException, RequestValidationError):
        app.exception_handler(kind)(answer_anything)

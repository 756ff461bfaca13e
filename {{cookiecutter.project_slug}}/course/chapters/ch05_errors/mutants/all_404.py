"""Takes every error of HTTP's own for an unknown address. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    return problem_response(404, {}, detail="There is nothing here.")

"""Takes every error of HTTP's own for an unknown address. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """FastAPI's, Starlette's and our own `HTTPException`."""
    return problem_response(404, {}, detail="There is nothing here.")

"""Leaves Allow to the framework, which lists only one route. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    return problem_response(error.status_code, error.headers or {}, detail=error.detail)

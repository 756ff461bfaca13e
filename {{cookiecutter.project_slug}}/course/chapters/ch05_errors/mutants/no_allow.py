"""Drops the headers of the error, so there is no Allow. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    return problem_response(error.status_code, {}, detail=error.detail)

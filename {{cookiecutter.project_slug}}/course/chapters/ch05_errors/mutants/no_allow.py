"""Drops the headers of the error, so there is no Allow. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """FastAPI's, Starlette's and our own `HTTPException`."""
    return problem_response(error.status_code, {}, detail=error.detail)

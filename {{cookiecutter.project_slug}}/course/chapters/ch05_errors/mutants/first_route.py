"""Leaves Allow as the framework has it, of one route alone. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """FastAPI's, Starlette's and our own `HTTPException`."""
    return problem_response(error.status_code, error.headers or {}, detail=error.detail)

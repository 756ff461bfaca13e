"""Leaves Allow as the framework has it, of one route alone. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    return problem_response(error.status_code, error.headers or {}, detail=error.detail)

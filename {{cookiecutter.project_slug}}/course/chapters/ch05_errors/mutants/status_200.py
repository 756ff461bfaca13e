"""Says 200 and tells of the error in the body alone. Rejected by: unknown-route."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    body = problem_body(error.status_code, detail=error.detail)
    return Response(body, 200, media_type=PROBLEM_JSON)

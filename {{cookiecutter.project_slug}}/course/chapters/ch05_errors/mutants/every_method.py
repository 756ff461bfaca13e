"""Names the methods of the whole app, not those of this path. Rejected by: methods."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "DELETE, GET, POST"
    return problem_response(error.status_code, headers, detail=error.detail)

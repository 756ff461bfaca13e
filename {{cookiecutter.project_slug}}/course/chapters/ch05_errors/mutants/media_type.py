"""Sends a problem as plain JSON. Rejected by: unknown-route."""

from fastapi.responses import JSONResponse


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    body = json.loads(problem_body(error.status_code, detail=error.detail))
    return JSONResponse(body, error.status_code, headers)

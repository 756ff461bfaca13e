"""Knows the request's id only when the client sent one. Rejected by: request-id."""

import json

from app.kit.problems import PROBLEM_JSON, problem_body


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    body = json.loads(problem_body(error.status_code, detail=error.detail))
    body["request_id"] = request.headers.get("X-Request-ID", "unknown")
    return Response(json.dumps(body), error.status_code, headers, PROBLEM_JSON)

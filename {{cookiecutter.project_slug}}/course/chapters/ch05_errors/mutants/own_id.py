"""Makes an id of its own for the body. Rejected by: request-id."""

import json
from uuid import uuid4

from app.kit.problems import PROBLEM_JSON, problem_body


def problem(status: int, headers: Mapping[str, str], **members: object) -> Response:
    """Return a problem as an answer."""
    body = json.loads(problem_body(status, **members)) | {"request_id": uuid4().hex}
    return Response(json.dumps(body), status, headers, PROBLEM_JSON)


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    return problem(error.status_code, headers, detail=error.detail)

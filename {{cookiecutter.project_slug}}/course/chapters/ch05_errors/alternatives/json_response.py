"""Makes the answers with JSONResponse and a media type."""

from fastapi.responses import JSONResponse

from app.kit.logs import request_id
from app.kit.problems import PROBLEM_JSON


def answer(status: int, headers: dict[str, str], **members: object) -> Response:
    """Return a problem as a response."""
    title = HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "request_id": request_id.get(),
        **members,
    }
    return JSONResponse(body, status, headers, media_type=PROBLEM_JSON)


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    return answer(error.status_code, headers, detail=error.detail)


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Say where and why input was refused, but never show the value: it may be a password."""
    errors = [
        {
            "location": item["loc"][0],
            "pointer": "".join(f"/{str(part)[:64]}" for part in item["loc"][1:]),
            "rule": item["type"],
            "message": item["msg"],
        }
        for item in error.errors()
    ]
    return answer(422, {}, detail="Values were refused.", errors=errors)

"""Quotes a refused number, which JSON cannot do for NaN. Rejected by: not-a-number."""

import json

from fastapi.responses import JSONResponse

from app.kit.problems import PROBLEM_JSON, problem_body


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Answer refused input."""
    errors = [invalid_field(item["loc"], item["type"], item["msg"]) for item in error.errors()]
    body = json.loads(problem_body(422, errors=errors))
    for entry, item in zip(body["errors"], error.errors(), strict=True):
        if isinstance(item["input"], float):
            entry["value"] = item["input"]
    return JSONResponse(body, 422, media_type=PROBLEM_JSON)

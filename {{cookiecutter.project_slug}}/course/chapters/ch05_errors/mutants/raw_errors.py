"""Passes on pydantic's own list, with everything in it. Rejected by: refused."""

from fastapi.encoders import jsonable_encoder


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Answer refused input."""
    body = json.loads(problem_body(422)) | {"errors": jsonable_encoder(error.errors())}
    return Response(json.dumps(body), 422, media_type=PROBLEM_JSON)

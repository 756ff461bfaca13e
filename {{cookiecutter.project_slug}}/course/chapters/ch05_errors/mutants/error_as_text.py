"""Answers with the error's text, which quotes what was sent. Rejected by: no-echo."""


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Answer refused input."""
    errors = [invalid_field(item["loc"], item["type"], item["msg"]) for item in error.errors()]
    return problem_response(422, {}, detail=str(error), errors=errors)

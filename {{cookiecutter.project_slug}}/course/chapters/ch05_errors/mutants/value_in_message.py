"""Repeats in the message what was sent. Rejected by: no-echo."""


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Answer refused input."""
    errors = [
        invalid_field(item["loc"], item["type"], f"{item['msg']}, not {item['input']!r}")
        for item in error.errors()
    ]
    return problem_response(422, {}, errors=errors)

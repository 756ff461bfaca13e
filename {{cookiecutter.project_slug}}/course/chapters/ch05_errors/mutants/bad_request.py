"""Says 400, as if the server could not read the request. Rejected by: refused."""


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Answer refused input."""
    errors = [invalid_field(item["loc"], item["type"], item["msg"]) for item in error.errors()]
    return problem_response(400, {}, errors=errors)

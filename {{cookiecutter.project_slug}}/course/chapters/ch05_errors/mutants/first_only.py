"""Reports only the first refused value. Rejected by: refused."""


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Answer refused input."""
    item = error.errors()[0]
    errors = [invalid_field(item["loc"], item["type"], item["msg"])]
    return problem_response(422, {}, detail="A value was refused.", errors=errors)

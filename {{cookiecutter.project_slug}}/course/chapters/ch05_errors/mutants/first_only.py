"""Tells of the first refused value only. Rejected by: refused."""


async def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Refused input."""
    item = error.errors()[0]
    errors = [invalid_field(item["loc"], item["type"], item["msg"])]
    return problem_response(422, {}, detail="A value was refused.", errors=errors)

"""Installs with the other method; a handler may be a plain def, which runs in a thread."""


def invalid_field(loc: tuple[str | int, ...], rule: str, message: str) -> InvalidField:
    """Turn pydantic's error into ours."""
    location, *rest = loc
    names = [str(part)[:100] for part in rest]
    return InvalidField(
        location=str(location), pointer="/" + "/".join(names), rule=rule, message=message
    )


def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Answer refused input."""
    errors = []
    for item in error.errors():
        field = invalid_field(item["loc"], item["type"], item["msg"])
        errors.append(field.model_dump())
    return problem_response(422, {}, errors=errors)


def install_error_handlers(app: FastAPI) -> None:
    """Install one handler for each kind."""
    app.add_exception_handler(AppError, answer_app_error)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(RequestValidationError, answer_validation_error)

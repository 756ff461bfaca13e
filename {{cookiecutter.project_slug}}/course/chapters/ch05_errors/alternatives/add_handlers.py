"""Installs with the other method; a handler may be a plain def, which runs in a thread."""


def invalid_field(loc: tuple[str | int, ...], rule: str, message: str) -> InvalidField:
    """Convert Pydantic's error to ours; cut short a name that the client made up."""
    location, *rest = loc
    names = [str(part)[:100] for part in rest]
    return InvalidField(
        location=str(location), pointer="/" + "/".join(names), rule=rule, message=message
    )


def answer_validation_error(_: Request, error: RequestValidationError) -> Response:
    """Say where and why input was refused, but never show the value: it may be a password."""
    errors = []
    for item in error.errors():
        field = invalid_field(item["loc"], item["type"], item["msg"])
        errors.append(field.model_dump())
    return problem_response(422, {}, errors=errors)


def install_error_handlers(app: FastAPI) -> None:
    """Install a handler for each kind; `app/kit/middleware.py` answers anything else, a bug."""
    app.add_exception_handler(AppError, answer_app_error)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(RequestValidationError, answer_validation_error)

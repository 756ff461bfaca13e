from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    # 1. Keep the error's headers: some answers mean nothing without theirs.
    # 2. For a 405, name every method of the path in the header Allow (see allowed_methods below).
    # 3. Answer with a problem: status, headers, and the error's detail.
    return await http_exception_handler(request, error)  # the framework's shape: replace it


async def answer_validation_error(request: Request, error: RequestValidationError) -> Response:
    """Say where and why input was refused, but never show the value: it may be a password."""
    # 1. Make an InvalidField from each item of error.errors(); it has "loc", "type" and "msg".
    # 2. Answer with a problem, 422, whose member `errors` is the list of them.
    return await request_validation_exception_handler(request, error)  # replace this one, too


def invalid_field(loc: tuple[str | int, ...], rule: str, message: str) -> InvalidField:
    """Convert Pydantic's error to ours; cut short a name that the client made up."""
    # `loc` says where the value was: ("body", "petal_width_cm"), or ("query", "limit").
    # 1. Its first part is the location.
    # 2. The parts after it make the pointer, a slash before each: "/petal_width_cm".
    #    Take at most 64 characters of a part.
    return InvalidField(location="", pointer="", rule=rule, message=message)


def install_error_handlers(app: FastAPI) -> None:
    """Install a handler for each kind; `app/kit/middleware.py` answers anything else, a bug."""
    app.exception_handler(AppError)(answer_app_error)
    # Install the other two in the same way, each for the class of its `error`.

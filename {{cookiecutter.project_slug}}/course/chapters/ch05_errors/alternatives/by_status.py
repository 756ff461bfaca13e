"""Installs for a status as well as for a class: the status's handler comes first."""


async def answer_wrong_method(request: Request, error: HTTPException) -> Response:
    """Answer a method that the path does not have."""
    headers = {"Allow": ", ".join(sorted(allowed_methods(request)))}
    return problem_response(405, headers, detail=error.detail)


async def answer_http_exception(_: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    return problem_response(error.status_code, error.headers or {}, detail=error.detail)


def install_error_handlers(app: FastAPI) -> None:
    """Install a handler for each kind; `app/kit/middleware.py` answers anything else, a bug."""
    app.exception_handler(AppError)(answer_app_error)
    app.exception_handler(405)(answer_wrong_method)
    app.exception_handler(HTTPException)(answer_http_exception)
    app.exception_handler(RequestValidationError)(answer_validation_error)

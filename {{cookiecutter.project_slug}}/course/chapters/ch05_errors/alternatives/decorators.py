"""Defines the handlers inside the function that installs them, with decorators."""


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer an `HTTPException`: FastAPI's, Starlette's or our own."""
    headers = {**(error.headers or {})}
    if error.status_code == 405:
        headers |= {"allow": ",".join(allowed_methods(request))}
    return problem_response(error.status_code, headers, detail=str(error.detail))


def install_error_handlers(app: FastAPI) -> None:
    """Install a handler for each kind; `app/kit/middleware.py` answers anything else, a bug."""
    app.exception_handler(AppError)(answer_app_error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return await answer_http_exception(request, error)

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> Response:
        return await answer_validation_error(request, error)

"""Starts and stops the app for each event. Rejected by: one-load."""


class LambdaHandler:
    def __init__(self, app: FastAPI, root_path: str) -> None:
        app.user_middleware.append(Middleware(WholeAnswers))  # the innermost layer
        self.mangum = Mangum(app, api_gateway_base_path=root_path, custom_handlers=[HttpEvent])

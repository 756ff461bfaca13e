"""Never starts the app. Rejected by: one-load."""


class LambdaHandler:
    """The function's handler; it starts the app, or raises StartError, and never stops it."""

    def __init__(self, app: FastAPI, root_path: str) -> None:
        app.user_middleware.append(Middleware(WholeAnswers))  # the innermost layer
        self.mangum = Mangum(
            app, lifespan="off", api_gateway_base_path=root_path, custom_handlers=[HttpEvent]
        )

    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        """Answer a request; do nothing for an event that only keeps the function warm."""
        if "requestContext" in event:
            return self.mangum(event, context)
        if event.get("source") in WAKE_UPS:
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

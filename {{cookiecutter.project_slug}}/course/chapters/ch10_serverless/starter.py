class LambdaHandler:
    """The function's handler; it starts the app, or raises StartError, and never stops it."""

    def __init__(self, app: FastAPI, root_path: str) -> None:
        app.user_middleware.append(Middleware(WholeAnswers))  # the innermost layer
        # 1. By default, Mangum starts and stops the app for each event. Start it here, once: enter
        #    app.router.lifespan_context(app), in an event loop that you make and set; Mangum's
        #    calls will run in it, too. Keep the context: Python closes what nothing refers to.
        # 2. Tell Mangum to leave the lifespan alone, and give each request a copy of what was
        #    opened: ASGI has it in scope["state"]. So Mangum needs a function that calls the app.
        self.mangum = Mangum(app, api_gateway_base_path=root_path, custom_handlers=[HttpEvent])

    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        """Answer a request; do nothing for an event that only keeps the function warm."""
        # 3. A request has a "requestContext". An event whose "source" is one of WAKE_UPS only keeps
        #    the function warm: return None. Any other event must fail: raise UnknownEventError.
        return self.mangum(event, context)


# file: app/kit/aws_lambda/events.py
class HttpEvent:
    def prefix_of(self, path: str) -> str:
        """Return what precedes our own path: ROOT_PATH, a stage, or a mapping of a domain."""
        # 4. ROOT_PATH (self.root_path) comes first, if it is set. Otherwise the route that the
        #    gateway matched says where our own path begins: self.event has it as "resource"
        #    (REST) or after the method in "routeKey" (HTTP), with {names}, and their values in
        #    "pathParameters". What precedes our own path in `path` is the prefix.
        # 5. Where no route says it, the prefix is the stage, but only below AWS_DOMAIN.
        return self.root_path


def as_text(body: bytes) -> Event:
    """Return the body as text, or as base64 if it is none."""
    # 6. Only what is not text needs base64.
    return {"body": b64encode(body).decode("ascii"), "isBase64Encoded": True}

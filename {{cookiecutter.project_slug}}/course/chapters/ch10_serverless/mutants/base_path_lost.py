"""Gives Mangum no ROOT_PATH. Rejected by: root-path."""


class LambdaHandler:
    """The function's handler; it starts the app, or raises StartError, and never stops it."""

    def __init__(self, app: FastAPI, root_path: str) -> None:
        app.user_middleware.append(Middleware(WholeAnswers))  # the innermost layer
        self.app = app
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.lifespan = app.router.lifespan_context(app)
        self.state = loop.run_until_complete(self.open())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.mangum = Mangum(
            self.answer,
            lifespan="off",
            custom_handlers=[HttpEvent],
        )

    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        """Answer a request; do nothing for an event that only keeps the function warm."""
        if "requestContext" in event:
            return self.mangum(event, context)
        if event.get("source") in WAKE_UPS:
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

    async def open(self) -> dict[str, Any]:
        """Return what the app has opened for its requests."""
        return dict(await self.lifespan.__aenter__() or {})

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the app, with what the app opened when it started."""
        await self.app({**scope, "state": dict(self.state)}, receive, send)

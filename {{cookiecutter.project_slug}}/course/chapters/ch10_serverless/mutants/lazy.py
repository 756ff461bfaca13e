"""Starts the app with the first event. Rejected by: one-load."""


class LambdaHandler:
    def __init__(self, app: FastAPI, root_path: str) -> None:
        app.user_middleware.append(Middleware(WholeAnswers))  # the innermost layer
        self.app = app
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.lifespan = app.router.lifespan_context(app)
        self.loop, self.state = loop, {}
        self.mangum = Mangum(
            self.answer,
            lifespan="off",
            api_gateway_base_path=root_path,
            custom_handlers=[HttpEvent],
        )

    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        self.state = self.state or self.loop.run_until_complete(self.open())
        if is_request(event):
            return self.mangum(event, context)
        if event.get("source") in WAKE_UPS:
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

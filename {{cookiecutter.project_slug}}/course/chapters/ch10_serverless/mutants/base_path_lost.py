"""Gives Mangum no ROOT_PATH. Rejected by: root-path."""


class LambdaHandler:
    def __init__(self, app: FastAPI, root_path: str) -> None:
        app.user_middleware.append(Middleware(WholeAnswers))  # the innermost layer
        self.app = app
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.lifespan = app.router.lifespan_context(app)
        self.state = loop.run_until_complete(self.open())
        self.mangum = Mangum(self.answer, lifespan="off", custom_handlers=[HttpEvent])

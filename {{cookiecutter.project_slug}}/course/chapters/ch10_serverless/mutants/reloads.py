"""Loads the models once more for each event. Rejected by: stays-open."""


class LambdaHandler:
    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        if is_request(event):
            answer = self.mangum(event, context)
            self.lifespan = self.app.router.lifespan_context(self.app)
            self.state = asyncio.get_event_loop().run_until_complete(self.open())
            return answer
        if event.get("source") in WAKE_UPS:
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

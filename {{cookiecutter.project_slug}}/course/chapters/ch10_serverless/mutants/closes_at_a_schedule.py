"""Stops the app at a schedule. Rejected by: warm."""


class LambdaHandler:
    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        if is_request(event):
            return self.mangum(event, context)
        if event.get("source") in WAKE_UPS:
            asyncio.get_event_loop().run_until_complete(self.lifespan.__aexit__(None, None, None))
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

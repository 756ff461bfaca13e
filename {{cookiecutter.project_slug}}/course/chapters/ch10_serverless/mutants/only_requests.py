"""Fails at a schedule. Rejected by: warm."""


class LambdaHandler:
    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        if is_request(event):
            return self.mangum(event, context)
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

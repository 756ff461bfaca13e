"""Knows one kind of schedule. Rejected by: warm."""


class LambdaHandler:
    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        if is_request(event):
            return self.mangum(event, context)
        if event.get("detail-type") == "Scheduled Event":
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

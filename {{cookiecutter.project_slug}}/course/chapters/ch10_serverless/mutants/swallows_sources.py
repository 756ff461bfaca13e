"""Takes each event with a source for a wake-up. Rejected by: others-fail."""


class LambdaHandler:
    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        if is_request(event):
            return self.mangum(event, context)
        if "source" in event:
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

"""Looks for the sources anywhere in the event. Rejected by: others-fail."""


class LambdaHandler:
    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        if is_request(event):
            return self.mangum(event, context)
        if any(source in str(event) for source in WAKE_UPS):
            return None
        raise UnknownEventError(f"This function answers HTTP requests, not {event}.")

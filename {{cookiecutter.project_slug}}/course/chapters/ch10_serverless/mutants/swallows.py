"""Says that all is well, whatever the event. Rejected by: others-fail."""


class LambdaHandler:
    def __call__(self, event: Event, context: LambdaContext) -> Event | None:
        if is_request(event):
            return self.mangum(event, context)
        return None

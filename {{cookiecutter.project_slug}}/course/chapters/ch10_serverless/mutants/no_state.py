"""Starts the app, and gives its requests nothing of it. Rejected by: stays-open."""


class LambdaHandler:
    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

"""Starts the app to see whether it can, and then once more. Rejected by: one-load."""


class LambdaHandler:
    async def open(self) -> dict[str, Any]:
        async with self.app.router.lifespan_context(self.app):
            pass
        return dict(await self.lifespan.__aenter__() or {})

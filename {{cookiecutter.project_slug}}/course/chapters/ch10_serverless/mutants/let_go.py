"""Keeps nothing of the lifespan, which ends. Rejected by: stays-open."""


class LambdaHandler:
    async def open(self) -> dict[str, Any]:
        return dict(await self.app.router.lifespan_context(self.app).__aenter__() or {})

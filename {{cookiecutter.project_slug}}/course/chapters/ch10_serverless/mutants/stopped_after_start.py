"""Starts the app in a block that ends. Rejected by: stays-open."""


class LambdaHandler:
    async def open(self) -> dict[str, Any]:
        async with self.lifespan as state:
            return dict(state or {})

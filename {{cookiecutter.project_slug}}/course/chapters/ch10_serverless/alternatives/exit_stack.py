"""Enters the lifespan by an AsyncExitStack."""

from contextlib import AsyncExitStack


class LambdaHandler:
    async def open(self) -> dict[str, Any]:
        self.stack = AsyncExitStack()
        context = self.app.router.lifespan_context(self.app)
        return dict(await self.stack.enter_async_context(context) or {})

"""Starts without a model. Rejected by: no-model-no-start."""


class LambdaHandler:
    async def open(self) -> dict[str, Any]:
        try:
            return dict(await self.lifespan.__aenter__() or {})
        except Exception:
            return {}

"""Announces in the event loop, so a slow broker blocks everyone. Rejected by: loop-is-free."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        while task_ids := await self.store.dispatch(GROUP):
            try:
                self._announce(task_ids)
            except OperationalError:
                await self.store.undispatch(task_ids)
                raise

"""Forgets the tasks that could not be announced. Rejected by: all-announced."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        while task_ids := await self.store.dispatch(GROUP):
            await to_thread.run_sync(self._announce, task_ids)

"""Hides that the broker is away, and tries again without a pause. Rejected by: all-announced."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        while task_ids := await self.store.dispatch(GROUP):
            try:
                await to_thread.run_sync(self._announce, task_ids)
            except OperationalError:
                await self.store.undispatch(task_ids)

"""Forgets the tasks that could not be announced. Rejected by: all-announced."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        while task_ids := await self.commits.run(self.commits.repository.dispatch, GROUP):
            await to_thread.run_sync(self._announce, task_ids)

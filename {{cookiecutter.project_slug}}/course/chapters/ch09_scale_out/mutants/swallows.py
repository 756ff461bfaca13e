"""Hides that the broker is away, and tries again without a pause. Rejected by: all-announced."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        repository = self.commits.repository
        while task_ids := await self.commits.run(repository.dispatch, GROUP):
            try:
                await to_thread.run_sync(self._announce, task_ids)
            except OperationalError:
                await self.commits.run(repository.undispatch, task_ids)

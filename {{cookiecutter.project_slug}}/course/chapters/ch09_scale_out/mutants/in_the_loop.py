"""Announces in the event loop, so a slow broker blocks everyone. Rejected by: loop-is-free."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        repository = self.commits.repository
        while task_ids := await self.commits.run(repository.dispatch, GROUP):
            try:
                self._announce(task_ids)
            except OperationalError:
                await self.commits.run(repository.undispatch, task_ids)
                raise

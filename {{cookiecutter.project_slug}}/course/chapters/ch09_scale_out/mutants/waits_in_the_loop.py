"""Waits in the event loop until the worker is done. Rejected by: announced."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        repository = self.commits.repository
        self._celery.conf.update(result_backend="rpc://", task_ignore_result=False)
        while task_ids := await self.commits.run(repository.dispatch, GROUP):
            try:
                for task_id in task_ids:
                    self._celery.send_task(RUN, [task_id]).get()
            except OperationalError:
                await self.commits.run(repository.undispatch, task_ids)
                raise

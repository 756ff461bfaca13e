"""Waits in the event loop until the worker is done. Rejected by: announced."""


class CeleryEngine:
    async def _announce_due(self) -> None:
        self._celery.conf.update(result_backend="rpc://", task_ignore_result=False)
        while task_ids := await self.store.dispatch(GROUP):
            try:
                for task_id in task_ids:
                    self._celery.send_task(RUN, [task_id]).get()
            except OperationalError:
                await self.store.undispatch(task_ids)
                raise

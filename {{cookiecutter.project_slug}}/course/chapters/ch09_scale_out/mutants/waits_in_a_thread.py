"""Waits for each result before it announces the next task. Rejected by: all-announced."""


class CeleryEngine:
    def _announce(self, task_ids: list[str]) -> None:
        self._celery.conf.update(result_backend="rpc://", task_ignore_result=False)
        for task_id in task_ids:
            self._celery.send_task(RUN, [task_id]).get()

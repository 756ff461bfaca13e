"""Returns after the first of several tasks. Rejected by: all-announced."""


class CeleryEngine:
    def _announce(self, task_ids: list[str]) -> None:
        for task_id in task_ids:
            return self._celery.send_task(RUN, [task_id], task_id=task_id)

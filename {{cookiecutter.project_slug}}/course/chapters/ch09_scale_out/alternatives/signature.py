"""Makes a signature first, and sends that."""


class CeleryEngine:
    def _announce(self, task_ids: list[str]) -> None:
        signature = self._celery.signature(RUN)
        for task_id in task_ids:
            signature.apply_async(args=(task_id,), task_id=task_id)

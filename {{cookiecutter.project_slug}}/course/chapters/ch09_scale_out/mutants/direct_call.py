"""Calls the worker's function, which then runs in the API's process. Rejected by: announced."""


class CeleryEngine:
    def _announce(self, task_ids: list[str]) -> None:
        from app.tasks.engine.celery.worker import run

        for task_id in task_ids:
            run(task_id)

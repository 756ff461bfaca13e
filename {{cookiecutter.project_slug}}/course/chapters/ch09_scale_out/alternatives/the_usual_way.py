"""Calls the task as Celery's own introduction does; the API then uses the worker's Celery."""


class CeleryEngine:
    def _announce(self, task_ids: list[str]) -> None:
        from app.tasks.engine.celery.worker import run

        for task_id in task_ids:
            run.apply_async(kwargs={"task_id": task_id}, task_id=task_id)

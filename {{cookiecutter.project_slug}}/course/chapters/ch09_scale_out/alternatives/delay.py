"""Uses the shortest way that Celery has."""


class CeleryEngine:
    def _announce(self, task_ids: list[str]) -> None:
        from app.tasks.engine.celery.worker import run

        for task_id in task_ids:
            run.delay(task_id)

"""Sends everything that is known about the task. Rejected by: id-alone."""

from uuid import UUID


class CeleryEngine:
    def _announce(self, task_ids: list[str]) -> None:
        for task_id in task_ids:
            task = self.store.get.sync(UUID(task_id))
            self._celery.send_task(RUN, [task.model_dump(mode="json")], task_id=task_id)


# file: app/tasks/engine/celery/worker.py
@celery.task(name=RUN)
def run(task: dict[str, str]) -> None:
    """Run this task."""
    for claim in claim_when_possible(task["id"]):
        context = runner().begin(claim)
        runner().settle(claim, runner().run(context))
        runner().end(context)

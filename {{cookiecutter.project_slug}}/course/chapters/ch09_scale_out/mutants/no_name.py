"""Leaves the name to Celery, so that workers know it by another. Rejected by: another-process."""


# file: app/tasks/worker.py
@celery.task
def run(task_id: str) -> None:
    """Run the task with this id, if it is due and nobody else runs it."""
    for claim in claim_when_possible(task_id):
        context = runner().begin(claim)
        runner().settle(claim, runner().run(context))
        runner().end(context)

"""Does not begin the task, so nothing renews its lease. Rejected by: keeps-its-lease."""

# file: app/tasks/engine/celery/worker.py
from app.tasks.engine.context import TaskContext


@celery.task(name=RUN)
def run(task_id: str) -> None:
    """Run the task with this id."""
    for claim in claim_when_possible(task_id):
        context = TaskContext(claim, runner().store, open_models(settings), settings)
        runner().settle(claim, runner().run(context))

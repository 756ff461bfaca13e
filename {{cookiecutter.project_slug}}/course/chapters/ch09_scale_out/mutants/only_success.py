"""Keeps the outcome of successful tasks only. Rejected by: hands-back."""

# file: app/tasks/engine/celery/worker.py
from app.tasks.schemas import TaskState


@celery.task(name=RUN)
def run(task_id: str) -> None:
    """Run the task with this id."""
    for claim in claim_when_possible(task_id):
        context = runner().begin(claim)
        outcome = runner().run(context)
        if outcome and outcome.state is TaskState.SUCCEEDED:
            runner().settle(claim, outcome)
        runner().end(context)

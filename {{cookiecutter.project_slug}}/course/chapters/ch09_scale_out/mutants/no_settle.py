"""Leaves the outcome to Celery, and tells the database nothing. Rejected by: another-process."""


# file: app/tasks/engine/celery/worker.py
@celery.task(name=RUN)
def run(task_id: str) -> dict[str, object]:
    """Run the task with this id."""
    for claim in claim_when_possible(task_id):
        context = runner().begin(claim)
        outcome = runner().run(context)
        runner().end(context)
        return {"state": outcome.state, "result": outcome.result}
    return {}

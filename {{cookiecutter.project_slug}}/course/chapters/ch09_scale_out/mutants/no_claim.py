"""Runs what the message says, without a claim. Rejected by: another-process."""


# file: app/tasks/engine/celery/worker.py
@celery.task(name=RUN)
def run(task_id: str) -> None:
    """Run the task with this id."""
    execute = runner().commits.repository._execute
    select = "SELECT kind, payload FROM tasks WHERE id = :id"
    [(kind, payload)] = runner().commits.wait(execute, select, id=task_id)
    claim = Claim(task_id, kind, payload, 1, runner().owner)
    context = runner().begin(claim)
    runner().settle(claim, runner().run(context))
    runner().end(context)

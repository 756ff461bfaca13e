"""Runs what the message says, without a claim. Rejected by: another-process."""

# file: app/tasks/engine/celery/worker.py
from app.storage.calls import Call


@celery.task(name=RUN)
def run(task_id: str) -> None:
    """Run the task with this id."""
    store = runner().store
    select = "SELECT kind, payload FROM tasks WHERE id = :id"
    find = Call(lambda: store.connection.execute(select, id=task_id), reads=True)
    [(kind, payload)] = store.storage.wait_for(find)
    claim = Claim(task_id, kind, payload, 1, runner().owner)
    context = runner().begin(claim)
    runner().settle(claim, runner().run(context))
    runner().end(context)

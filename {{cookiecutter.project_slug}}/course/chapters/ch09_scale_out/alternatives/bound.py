"""Makes a bound task, which knows its own message."""


# file: app/tasks/engine/celery/worker.py
@celery.task(bind=True, name=RUN, ignore_result=True)
def run(self: object, task_id: str) -> None:
    """Run the task with this id, if it is due and no other process runs it."""
    at_work = runner()
    for claim in at_work.store.claim.sync(
        at_work.owner, settings.task_lease_seconds, limit=1, only=task_id
    ):
        context = at_work.begin(claim)
        at_work.settle(context.claim, at_work.run(context))
        at_work.end(context)

"""Claims any due task, not the one that the message names. Rejected by: another-process."""


# file: app/tasks/engine/celery/worker.py
@celery.task(name=RUN)
def run(task_id: str) -> None:
    """Run a task."""
    owner, lease = runner().owner, settings.task_lease_seconds
    for claim in runner().store.claim.sync(owner, lease, 1):
        context = runner().begin(claim)
        runner().settle(claim, runner().run(context))
        runner().end(context)

"""Makes a bound task, which knows its own message."""


# file: app/tasks/engine/celery/worker.py
@celery.task(bind=True, name=RUN, ignore_result=True)
def run(self: object, task_id: str) -> None:
    """Run the task with this id, if it is due and nobody else runs it."""
    at_work = runner()
    claims = at_work.commits.wait(
        at_work.commits.repository.claim, at_work.owner, settings.task_lease_seconds, 1, task_id
    )
    for claim in claims:
        context = at_work.begin(claim)
        at_work.settle(context.claim, at_work.run(context))
        at_work.end(context)

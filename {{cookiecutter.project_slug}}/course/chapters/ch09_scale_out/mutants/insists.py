"""Waits for a claim even if another worker has run the task. Rejected by: once."""


# file: app/tasks/engine/celery/worker.py
@celery.task(name=RUN)
def run(task_id: str) -> None:
    """Run the task with this id."""
    while not (claims := claim_when_possible(task_id)):
        time.sleep(0.1)
    for claim in claims:
        context = runner().begin(claim)
        runner().settle(claim, runner().run(context))
        runner().end(context)

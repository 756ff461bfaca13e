from app.todo import TodoError

to_do = ["announce tasks to the workers."]


class CeleryEngine:
    async def _announce_due(self) -> None:
        # 1. Take due tasks out of the outbox, at most GROUP at a time, until there are none left.
        # 2. Announce them. The broker may keep you waiting: where must that not happen?
        # 3. If the broker is away, put these tasks back into the outbox, and pass on the error.
        while to_do:  # this is called all the time, but says so only once
            logger.warning("to_do", detail=TodoError("09", to_do.pop()).detail)

    def _announce(self, task_ids: list[str]) -> None:
        # 4. Send each id to the workers. Their Celery task is called RUN, and takes only the id.
        raise TodoError("09", "announce these tasks to the workers.")


# file: app/tasks/engine/celery/worker.py
from app.todo import TodoError


@celery.task(name=RUN)  # type: ignore[untyped-decorator]
def run(task_id: str) -> None:
    """Run the task with this id, if it is due and no other process runs it."""
    # 1. Claim the task. Another worker may have it, or be done with it: then there is no claim,
    #    and nothing to do.
    # 2. Begin: from here on, the runner renews the lease.
    # 3. Run it, and settle its outcome.
    # 4. End: let go of it.
    raise TodoError("09", "claim the task, run it, and keep its outcome.")

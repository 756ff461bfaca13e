"""Takes one task at a time out of the outbox; the worker returns early if there is no claim."""

import asyncio


class CeleryEngine:
    async def _announce_due(self) -> None:
        while True:
            task_ids = await self.store.dispatch(1)
            if not task_ids:
                return
            try:
                await asyncio.to_thread(self._announce, task_ids)
            except Exception:
                await self.store.undispatch(task_ids)
                raise

    def _announce(self, task_ids: list[str]) -> None:
        self._celery.send_task(RUN, args=task_ids, serializer="json")


# file: app/tasks/engine/celery/worker.py
@celery.task(name=RUN, acks_late=True)
def run(task_id: str) -> None:
    """Run the task with this id, if it is due and no other process runs it."""
    claims = claim_when_possible(task_id)
    if not claims:
        return
    [claim] = claims
    context = runner().begin(claim)
    try:
        outcome = runner().run(context)
        runner().settle(claim, outcome)
    finally:
        runner().end(context)

"""Calls the work itself, in the request. Rejected by: accepted."""

from types import SimpleNamespace
import time

from app.tasks.kinds import find_kind


@router.post("/{kind}", status_code=202, responses=problems(400, 404, 409, 413))
async def submit_task(
    kind: str,
    payload: Payload,
    tasks: TaskServiceDep,
    response: Response,
    background: BackgroundTasks,
    idempotency_key: IdempotencyKey = None,
) -> Task:
    """Accept a task of this kind."""
    checked = check_payload(kind, payload)
    task = await tasks.submit(kind, checked, idempotency_key)
    await to_thread.run_sync(find_kind(kind).run, checked, SimpleNamespace(sleep=time.sleep))
    return accept(task, response, background, tasks)

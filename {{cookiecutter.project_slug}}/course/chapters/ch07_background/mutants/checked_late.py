"""Keeps the task, and then looks whether it may. Rejected by: payload."""

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
    unchecked = find_kind(kind).payload.model_construct(**payload)
    task = await tasks.submit(kind, unchecked, idempotency_key)
    check_payload(kind, payload)
    return accept(task, response, background, tasks)

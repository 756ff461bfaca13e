"""Checks the payload with plain pydantic, whose error is a 500 here. Rejected by: payload."""

from app.tasks.kinds.registry import find_kind


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
    checked = find_kind(tasks.kinds, kind).payload.model_validate(payload)
    task = await tasks.submit(kind, checked, idempotency_key)
    return accept(task, response, background, tasks)

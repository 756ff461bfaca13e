"""Answers 200, the status of what is done. Rejected by: accepted."""


@router.post("/{kind}", responses=problems(400, 404, 409, 413))
async def submit_task(
    kind: str,
    payload: Payload,
    tasks: TaskServiceDep,
    response: Response,
    background: BackgroundTasks,
    idempotency_key: IdempotencyKey = None,
) -> Task:
    """Accept a task of this kind."""
    task = await tasks.submit(kind, check_payload(kind, payload), idempotency_key)
    return accept(task, response, background, tasks)

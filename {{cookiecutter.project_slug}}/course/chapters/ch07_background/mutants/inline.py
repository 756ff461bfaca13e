"""Waits until the task has ended before it answers. Rejected by: accepted."""


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
    task = await tasks.submit(kind, check_payload(tasks.kinds, kind, payload), idempotency_key)
    await tasks.engine.kick()
    async for state in tasks.watch(task):
        task = state
    return accept(task, response, background, tasks)

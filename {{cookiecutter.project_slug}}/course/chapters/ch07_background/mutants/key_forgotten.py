"""Does not pass on the client's key. Rejected by: sent-twice."""


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
    task = await tasks.submit(kind, check_payload(tasks.kinds, kind, payload), None)
    return accept(task, response, background, tasks)

"""Starts the work in only one of the two routes that accept tasks. Rejected by: upload."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Location"] = f"{PREFIX}/{task.id}"
    response.headers["Retry-After"] = "1"
    return task


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
    background.add_task(tasks.engine.kick)
    return accept(task, response, background, tasks)

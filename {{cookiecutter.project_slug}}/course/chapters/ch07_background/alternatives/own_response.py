"""Makes the whole answer itself, including the work to do after it."""

from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Response:
    """Answer that the task is accepted; kick the engine after the answer."""
    return JSONResponse(
        task.model_dump(mode="json"),
        status_code=202,
        headers={"Location": f"{PREFIX}/{task.id}", "Retry-After": "1"},
        background=BackgroundTask(tasks.engine.kick),
    )


@router.post("/{kind}", status_code=202, responses=problems(400, 404, 409, 413))
async def submit_task(
    kind: str,
    payload: Payload,
    tasks: TaskServiceDep,
    response: Response,
    background: BackgroundTasks,
    idempotency_key: IdempotencyKey = None,
) -> Task:
    """Accept a task of this kind; once it is answered, it survives the process."""
    checked = check_payload(tasks.kinds, kind, payload)
    task = await tasks.submit(kind=kind, payload=checked, key=idempotency_key)
    return accept(task, response, background, tasks)

"""Numbers the tasks by how many there are so far. Rejected by: ids."""

from app.tasks.records import NewTask

numbered: list[UUID] = []


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
    checked = check_payload(tasks.kinds, kind, payload)
    numbered.append(UUID(int=len(numbered) + 1))
    new = NewTask(str(numbered[-1]), kind, checked.model_dump_json(), idempotency_key)
    task = await tasks.store.add(new)
    return accept(task, response, background, tasks)

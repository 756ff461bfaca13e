"""Appends the id to the address of the request. Rejected by: location."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Location"] = f"{PREFIX}/{task.kind}/{task.id}"
    response.headers["Retry-After"] = "1"
    background.add_task(tasks.engine.kick)
    return task

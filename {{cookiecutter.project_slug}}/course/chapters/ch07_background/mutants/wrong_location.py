"""Writes an address by heart, without the prefix. Rejected by: location."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Location"] = f"/tasks/{task.id}"
    response.headers["Retry-After"] = "1"
    background.add_task(tasks.engine.kick)
    return task

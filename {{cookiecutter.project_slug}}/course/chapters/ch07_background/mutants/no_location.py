"""Leaves it to the client to find the task. Rejected by: location."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Retry-After"] = "1"
    background.add_task(tasks.engine.kick)
    return task

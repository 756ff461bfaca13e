"""Keeps the task, but does not tell the engine that there is work. Rejected by: running."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Location"] = f"{PREFIX}/{task.id}"
    response.headers["Retry-After"] = "1"
    return task

"""Makes a list of background tasks of its own, which nobody runs. Rejected by: running."""


def accept(
    task: Task, response: Response, background: BackgroundTasks, tasks: TaskServiceDep
) -> Task:
    """Answer that the task is accepted."""
    response.headers["Location"] = f"{PREFIX}/{task.id}"
    response.headers["Retry-After"] = "1"
    BackgroundTasks().add_task(tasks.engine.kick)
    return task
